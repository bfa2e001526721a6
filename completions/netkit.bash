# bash completion for netkit. Install as
# /usr/share/bash-completion/completions/netkit, or: source <(netkit completion bash)

_netkit() {
  # From the line, not COMP_WORDS: ':' and '=' belong to endpoints and options, bash splits there.
  local cur line prefix breaks=${COMP_WORDBREAKS//[^:=]/}
  local -a words
  line=${COMP_LINE:0:COMP_POINT}
  read -a words <<<"$line"
  case $line in *' ') words+=('') ;; esac
  cur=${words[-1]}
  COMPREPLY=()
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    case $line in
      :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "${cur#*=}") ;;
      :directories) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "${cur#*=}") ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  case ${COMPREPLY[0]-} in *: | */ | *=) [ ${#COMPREPLY[@]} -eq 1 ] && compopt -o nospace ;; esac
  # What readline replaces begins behind the last of its break characters.
  prefix=${cur%"${cur##*[${breaks:-$'\n'}]}"}
  COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
  return 0
}

# A link is a command, too: this file is loaded by its name, or netkit has it in its own folder.
_netkit_names() {
  local own file
  complete -F _netkit netkit "${BASH_SOURCE##*/}"
  own=$(type -P netkit)
  for file in "${own%/*}"/*; do
    [[ -L $file && $file -ef $own ]] && complete -F _netkit "${file##*/}"
  done
  return 0
}
_netkit_names
