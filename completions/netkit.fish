# fish completion for netkit. Install in ~/.config/fish/completions/netkit.fish,
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
