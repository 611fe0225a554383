// Package clients has the commands that are clients of any ensemble: shell, monitor, lock, elect, register and
// discover. They are for people and programs that only use ZooKeeper and test nothing. The package imports no
// package of the laboratory, and the laboratory does not import it.
package clients
