// Thin scripts: each hands the words to `netkit __complete` and shows what comes back.
#include "cli/shells.hpp"

namespace netkit::cli {

std::string_view bash_completion() {
  return R"sh(# bash completion for netkit. Install as
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
)sh";
}

std::string_view zsh_completion() {
  return R"sh(#compdef netkit
# zsh completion for netkit. Install as _netkit in a folder of $fpath,
# or: source <(netkit completion zsh)

_netkit() {
  local line text about
  local -a found unfinished
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    text=${line%%$'\t'*} about=${line#*$'\t'}
    case $text in
      '') ;;
      :files) _files; return ;;
      :directories) _files -/; return ;;
      *[:/=]) unfinished+=("${text//:/\\:}:$about") ;;
      *) found+=("${text//:/\\:}:$about") ;;
    esac
  done
  local -i missed=1
  (( ${#found} )) && _describe -V netkit found && missed=0
  (( ${#unfinished} )) && _describe -V netkit unfinished -S '' && missed=0
  return missed
}

if [ "${funcstack[1]}" = _netkit ]; then
  _netkit "$@"
else
  compdef _netkit netkit
  # A link beside it is a command, too. Where this is found through $fpath, _netkit_links says so.
  for REPLY in ${commands[netkit]:h}/*(N@); do
    [[ $REPLY -ef ${commands[netkit]} ]] && compdef _netkit ${REPLY:t}
  done
fi
)sh";
}

std::string_view fish_completion() {
  return R"sh(# fish completion for netkit. Install in ~/.config/fish/completions/netkit.fish,
# or: netkit completion fish | source

function __netkit_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path "$current"
            case ':directories*'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end

# A link is a command, too: this file is loaded by its name, or netkit has it in its own folder.
set -l names netkit (status basename | string replace -f .fish '')
for own in (command -s netkit)
    for file in (path filter -l (path dirname $own)/*)
        test (path resolve $file) = (path resolve $own)
        and set -a names (path basename $file)
    end
end
for name in $names
    complete -c $name -f -a '(__netkit_complete)'
end
)sh";
}

}  // namespace netkit::cli
