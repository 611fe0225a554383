// Package treewatch learns what changes below a znode from the outside, for ensembles that do not report their transactions.
//
// A session on each server holds a persistent recursive watch (ZOOKEEPER-1416) and reads the tree under it, again and again.
// [Sight] is what one such connection saw: events with their zxids, and metadata of znodes. [Put] puts sights together, and keeps only
// what is complete: where the events lead from each metadata to the next one. The zxid, the version and the child version of
// a znode reveal an event that is missing. [Authors] names the sessions that made the changes, from what the links of clients
// saw acknowledged.
package treewatch
