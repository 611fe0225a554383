// Package conformance checks that servers keep ZooKeeper's client protocol, without faults. It has scripts of
// requests, each with the rule that it tests and the rule's source, and compares what the clients see: clients of two
// ensembles that both keep the protocol see the same things.
//
// [Check] runs the scripts on any servers, and on embedded ones with the same settings, and describes the
// differences in words. The package's tests compare the embedded servers with recordings of Apache's servers, by the
// same scripts and by generated ones. The package speaks the wire protocol itself, and must not depend on recipes,
// faults and records of runs.
package conformance
