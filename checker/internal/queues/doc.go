// Package queues decides what is promised of queues with unique items, FIFO and by
// priority. It reads evidence, runs nothing, and knows no other object.
//
// [Queue] is declared in queue.go, beside what is read of a key, [PriorityQueue] in
// priorityqueue.go. A FIFO queue is a priority queue with one priority. One file decides one
// property; losslog.go, itemnodes.go and log.go read the transaction log.
package queues
