// Package shell implements the commands of "zklab shell": it reads a line, runs its commands in
// a session of an ensemble, and prints text or JSON. Exit codes come from [Code] only, and sessions
// from the functions Connect and Other of the [Shell] only.
//
// Each command is declared once, as a [command] in the list in commands.go, with its name and its
// arguments. Its flags and its code are in the file of its family (read.go, write.go, …). Help,
// completion, the parser and the table in the guide use that declaration. A command prints a
// result: one type that becomes text for people and JSON for programs.
//
// The commands do not use cobra. The flags of a cobra command keep their values, so a shell would
// need a new tree of commands for every line. Cobra's completion prints for another program, and
// does not know quotes. And cobra has no place for commands that become operations of a multi.
//
// Commands that copy read a subtree (subtree.go), check whether it changed meanwhile, and write it
// by a writePlan (plan.go) in transactions that servers accept. The formats of files are in
// archive.go and folder.go.
//
// A [Shell] runs the statements of a line ([Shell.Do]), of a file or a pipe ([Shell.Script]), or
// of a user at a terminal ([Shell.Interact]). It escapes the control characters of znodes before
// they reach a terminal.
package shell
