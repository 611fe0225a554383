// Package zkserver stands in for ZooKeeper's bin/zkServer.sh, so that the test
// suites of clients, which start and stop servers through that script, run
// against ensembles inside another process. It may not start a server by itself:
// the host does.
//
// That process has a [Host]. The stand-in (command zkServer below this package, which is [Main]) sends
// it the path of its zoo.cfg, and lives as long as the java process would: when the stand-in is killed,
// the host sees its connection end and kills the server. A zoo.cfg names the client port of only one
// server, so an ensemble is made when each of its servers was requested once; until then the others
// wait, as servers without a majority do.
package zkserver
