# Completion in fish: the program itself names the candidates.
function __complete_@IDENTIFIER@
    set -l before (commandline --current-process --tokenize --cut-at-cursor)
    set -l typed (commandline --current-token --cut-at-cursor | string replace --all --regex '["\'\\\\]' '')

    set -l request --bash-completion-enriched --bash-completion-index (count $before)
    for word in $before "$typed"
        set request $request --bash-completion-word $word
    end
    set -l lines (@PATH@ $request 2>/dev/null)

    # An empty line alone: a path belongs here.
    if test (count $lines) -eq 1 -a -z "$lines"
        __fish_complete_path "$typed"
    else if set -q lines[1]
        printf '%s\n' $lines
    end
end
complete --command @NAME@ --no-files --arguments '(__complete_@IDENTIFIER@)'
