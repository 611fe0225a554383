// Package queues decides the promises of queues with unique items, in FIFO order and by priority. It
// reads evidence, runs nothing, and knows no other object.
//
// [Queue] is declared in queue.go, beside the code that reads a key, and [PriorityQueue] in
// priorityqueue.go. A FIFO queue is a priority queue with one priority. Each property has a file;
// losslog.go, itemnodes.go and log.go read the transaction log.
package queues
