// Package usage has the parts of a command line that all commands share: the exit codes and how an error
// becomes one, the errors about wrong arguments, flags and values, what the Tab key completes, and help. Its
// functions take a cobra.Command, and know no command by its type. The packages with commands build on it; it
// imports none of them.
package usage
