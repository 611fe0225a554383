// Package conformance has scripts of requests, and tells what their clients see of servers: of two ensembles that
// both keep ZooKeeper's protocol, clients see the same. It speaks the wire protocol itself, and knows nothing of
// recipes, faults and records of runs.
package conformance
