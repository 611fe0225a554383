# Completion of zklab's command lines, for bash. It needs no other package.

_zklab()
{
    local program=${1/#\~/$HOME} line=${COMP_LINE:0:COMP_POINT} words=() n=-1 word
    [[ $(type -t "$program") == file ]] || program=zklab # an alias, perhaps
    COMPREPLY=()

    # Bash has broken words at : and =, which zklab's values have. Parts between which the line
    # has no space are one word.
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if [[ $n == -1 || $line == [[:space:]]* ]]; then
            line=${line#"${line%%[![:space:]]*}"}
            words[++n]=
        fi
        word=${word:0:${#line}} # what stands behind the cursor does not count
        line=${line#"$word"}
        words[n]+=$word
    done
    local typed=${words[n]//[\"\'\\]/} given=("${words[@]:1}")
    given=("${given[@]//[\"\'\\]/}")

    # Readline replaces what stands behind the last : or =, so replies begin there, too.
    local tail=$typed char
    for char in : =; do
        [[ $COMP_WORDBREAKS == *"$char"* ]] && tail=${tail##*"$char"}
    done
    local there=${typed%"$tail"} flag= # of --flag=value, zklab completes the value
    [[ $typed == -*=* ]] && flag=${typed%%=*}=

    local entry value directive=0 abouts=() longest=0
    while IFS= read -r entry; do
        if [[ $entry == :* ]]; then
            directive=${entry#:}
            break
        fi
        value=$flag${entry%%$'\t'*}
        [[ $value == "$typed"* ]] || continue
        value=${value#"$there"}
        abouts[${#COMPREPLY[@]}]=
        [[ $entry == *$'\t'* ]] && abouts[${#COMPREPLY[@]}]=${entry#*$'\t'}
        COMPREPLY+=("$value")
        ((${#value} > longest)) && longest=${#value}
    done < <("$program" __complete "${given[@]}" 2>/dev/null)

    if [[ $(type -t compopt) == builtin ]]; then # not in version 3
        ((directive & 2)) && compopt -o nospace
        ((directive & 4)) && compopt +o default
        ((directive & 32)) && compopt -o nosort 2>/dev/null
    fi

    if ((${#COMPREPLY[@]} == 1)); then
        value=${COMPREPLY[0]}
        [[ $value == *[!A-Za-z0-9,:=@%+./_-]* ]] && printf -v value %q "$value"
        COMPREPLY=("$value")
        return
    fi
    case $COMP_TYPE in
    33 | 63 | 64) ;; # a list is shown, and nothing but what all have in common is inserted
    *) return ;;
    esac
    local i width=$((${COLUMNS:-80} - longest - 5))
    for i in "${!COMPREPLY[@]}"; do
        [[ ${abouts[i]} && $width -gt 15 ]] || continue
        ((${#abouts[i]} > width)) && abouts[i]=${abouts[i]:0:width-3}...
        printf -v value '%-*s  (%s)' "$longest" "${COMPREPLY[i]}" "${abouts[i]}"
        COMPREPLY[i]=$value
    done
}

complete -o default -F _zklab zklab
