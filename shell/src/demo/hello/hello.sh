# A tiny application: every second it writes its greeting and the time into answer.txt, for ten minutes at most.
case $1 in
start)
    sh hello.sh stop
    sh hello.sh serve </dev/null >/dev/null 2>&1 &
    echo $! >hello.pid
    echo "hello runs as process $!"
    ;;
serve)
    for _ in $(seq 600); do
        [ -f greeting.txt ] || exit 0
        echo "$(cat greeting.txt) ($(date -u +%H:%M:%S) UTC, process $$)" >answer.new
        mv answer.new answer.txt
        sleep 1
    done
    rm -f hello.pid answer.txt
    ;;
stop)
    [ -f hello.pid ] || exit 0
    kill "$(cat hello.pid)" && echo "hello has stopped"
    rm -f hello.pid answer.txt
    ;;
esac
