// Package queues decides what is promised of a FIFO queue with unique items. It reads
// evidence, runs nothing, and knows no other object.
//
// [Queue] is declared in queue.go, beside what is read of a key. One file decides one
// property; losslog.go, itemnodes.go and log.go read the transaction log.
package queues
