# Completion in bash: the program itself names the candidates.
_complete_@IDENTIFIER@() {
    local rest=${COMP_LINE:0:COMP_POINT} gap word i last=-1
    local -a words request

    # Bash cuts words at = : @ too: what stands together on the line is one word. The last one ends at the cursor.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        gap=${rest%%[![:space:]]*}
        rest=${rest#"$gap"}
        word=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || word=$rest
        rest=${rest#"$word"}
        [[ -z $gap && $last -ge 0 ]] || last=$((last + 1))
        words[last]+=$word
    done
    local raw=${words[last]}

    request=(--bash-completion-index "$last")
    for word in "${words[@]}"; do
        request+=(--bash-completion-word "${word//[\\\"\']/}")
    done
    mapfile -t COMPREPLY < <(@PATH@ "${request[@]}" 2>/dev/null)

    # An empty line alone: a path belongs here.
    if [[ ${#COMPREPLY[@]} -eq 1 && -z ${COMPREPLY[0]} ]]; then
        COMPREPLY=()
        compopt -o bashdefault -o default
        return
    fi

    # Bash replaces only what is behind its last cut.
    local kept=${raw%"$2"}
    for i in "${!COMPREPLY[@]}"; do
        word=${COMPREPLY[i]#"${kept//[\\\"\']/}"}
        [[ $raw == [\"\']* ]] || printf -v word %q "$word"
        COMPREPLY[i]=$word
    done
}
complete -F _complete_@IDENTIFIER@ @NAME@
