// Package shell is the commands of "zklab shell": it reads a line, does what it says with
// a session of an ensemble, and prints text or JSON. It may not choose exit codes but by
// [Code], nor open sessions but by the Connect that it is given.
//
// A command is declared once, as a [command] of the list in commands.go: its name and what it
// takes. Its flags and what it does are in a file of its family (read.go, write.go, …). Help,
// completion, the table in the guide and the parser all go by that declaration. What a command
// found is a result: one type that is text for people and JSON for programs.
//
// The commands are not cobra's: the flags of a cobra command keep their values, so a shell
// would need a new tree for every line; its completion prints for another program, and knows
// no quotes; and it has no place for the operation that a create is within a multi.
//
// What is copied is a subtree (subtree.go), read with a second look at it, and written by a
// writePlan (plan.go) in transactions that servers take. Files of it are in archive.go and
// folder.go.
//
// A [Shell] runs statements: one line ([Shell.Do]), a file or a pipe ([Shell.Script]), or
// what somebody types ([Shell.Interact]). Nothing that comes out of a znode reaches a
// terminal as a control character.
package shell
