// Package clients has the commands that are clients of any ensemble: shell, monitor, lock, elect, register and
// discover. They work for people and programs that test nothing. It imports no room of the laboratory, and the
// laboratory does not import it.
package clients
