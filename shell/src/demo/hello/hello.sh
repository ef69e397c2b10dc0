# A tiny application: every second it writes its greeting and the time into answer.txt, for some ten minutes.
case $1 in
start)
    sh hello.sh stop
    sh hello.sh serve </dev/null >/dev/null 2>&1 &
    echo $! >hello.pid
    echo "hello runs as process $!"
    ;;
serve)
    # With what it waits for.
    trap 'kill $!; wait; exit' TERM
    for _ in $(seq 600); do
        [ -f greeting.txt ] || exit 0
        echo "$(cat greeting.txt) ($(date -u +%H:%M:%S) UTC, process $$)" >answer.new
        mv answer.new answer.txt
        sleep 1 &
        wait
    done
    rm -f hello.pid answer.txt
    ;;
stop)
    [ -f hello.pid ] || exit 0
    process=$(cat hello.pid)
    if kill "$process" 2>/dev/null; then
        for _ in $(seq 100); do
            [ -e "/proc/$process/cwd" ] || break
            sleep 0.05
        done
        [ ! -e "/proc/$process/cwd" ] || { echo "hello does not stop" && exit 1; }
        echo "hello has stopped"
    fi
    rm -f hello.pid answer.txt
    ;;
esac
