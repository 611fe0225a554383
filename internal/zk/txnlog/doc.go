// Package txnlog reads the transaction logs of Apache ZooKeeper's servers, the
// files version-2/log.<zxid>, and says from those of all servers what was
// committed. It may not write to them.
//
// [ReadFile] reads one file, [Committed] compares servers. One log proves
// little: after a partition the old leader's can keep transactions for good that
// were never committed, with later epochs behind them, and lack committed ones
// that came to it as a snapshot. Committed returns what a majority of the logs holds
// with the same bytes.
package txnlog
