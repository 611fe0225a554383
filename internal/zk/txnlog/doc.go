// Package txnlog reads the transaction logs of Apache ZooKeeper's servers, the files version-2/log.<zxid>,
// and finds out from the logs of all servers what was committed. It never writes to them.
//
// [ReadFile] reads one file, [Committed] compares servers. One log proves little: after a partition,
// the old leader's log can keep transactions that were never committed, followed by later epochs, and
// lack committed ones that it got as a snapshot. Committed returns what a majority of the logs holds
// with the same bytes.
package txnlog
