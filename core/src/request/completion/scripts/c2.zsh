#compdef @NAME@
# Completion in zsh: the program itself names the candidates.
_complete_@IDENTIFIER@() {
    local word
    local -a request lines described

    request=(--bash-completion-enriched --bash-completion-index $((CURRENT - 1)))
    for word in "${(@)words[1,CURRENT-1]}" "$PREFIX"; do
        request+=(--bash-completion-word "${(Q)word}")
    done
    # The dot keeps an empty line at the end.
    lines=("${(@f)$(@PATH@ "${request[@]}" 2>/dev/null; print -rn .)}")
    lines[-1]=()

    # An empty line alone: a path belongs here.
    if [[ $#lines -eq 1 && -z $lines[1] ]]; then
        _files
        return
    fi
    for word in "${(@)lines}"; do
        described+=("${${word%%$'\t'*}//:/\\:}${${(M)word%%$'\t'*}/$'\t'/:}")
    done
    _describe -V candidate described
}

# Read as a completion function, it completes; read by source, it installs itself.
if ((${+compstate})); then
    _complete_@IDENTIFIER@ "$@"
else
    compdef _complete_@IDENTIFIER@ @NAME@
fi
