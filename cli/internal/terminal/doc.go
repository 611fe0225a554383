// Package terminal prints the output of commands to a terminal, a file or a pipe. It shows progress in live
// lines, writes ASCII if the locale has nothing else, prints JSON, and turns Ctrl-C and similar signals into
// the end of a context. It knows no command and no flag.
package terminal
