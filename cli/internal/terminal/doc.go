// Package terminal prints what commands tell, on a terminal, into a file or a pipe. It shows progress in
// live lines, writes ASCII where the locale has nothing else, prints JSON, and turns Ctrl-C and its like into
// the end of a context. It knows no command and no flag.
package terminal
