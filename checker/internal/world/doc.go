// Package world is a ZooKeeper that exists only as one log of transactions, for
// tests that attack package checker: clients on lagging views, sessions that die
// at a place of the log that their clients do not know, requests and replies
// that get lost, servers that fall behind, clients that are told late or too
// early. Correct and defective recipes run in it, under workloads that record
// what package workloads records. Everything follows from a seed, in virtual
// time, and the world knows the truth about what it let happen.
//
// kernel.go has time and coroutines, store.go the log and the servers, conn.go a
// client's connection, record.go the record; the other files are a recipe with
// its workload each.
package world
