// Package conformance holds servers to ZooKeeper's client protocol without faults. It has scripts of requests, each with
// what it shows and where the rule stands, and tells what their clients see: of two ensembles that both keep the protocol,
// clients see the same.
//
// [Check] runs the scripts on any servers, and on embedded ones with the same settings, and tells the differences in
// words. The package's tests hold the embedded servers to recordings of Apache's by the same scripts, and by
// generated ones. It speaks the wire protocol itself, and may know nothing of recipes, faults and records of runs.
package conformance
