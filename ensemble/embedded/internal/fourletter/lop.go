package fourletter

import "github.com/zklab/zklab/internal/zk/wire"

// lops are the names that cons has for requests.
var lops = map[wire.Op]string{
	wire.Ping: "PING", wire.CreateSession: "SESS", wire.CloseSession: "CLOS",
	wire.Multi: "MULT", wire.MultiRead: "MLTR",
	wire.Create: "CREA", wire.Create2: "CREA", wire.CreateTTL: "CREA", wire.CreateContainer: "CREA",
	wire.Delete: "DELE", wire.DeleteContainer: "DELE",
	wire.SetData: "SETD", wire.SetACL: "SETA", wire.Reconfig: "RECO",
	wire.Sync: "SYNC", wire.Check: "CHEC", wire.Exists: "EXIS", wire.GetData: "GETD",
	wire.SetWatches: "SETW", wire.SetWatches2: "STW2", wire.AddWatch: "ADDW",
	wire.CheckWatches: "CHKW", wire.RemoveWatches: "REMW",
	wire.GetACL: "GETA", wire.GetChildren: "GETC", wire.GetChildren2: "GETC",
	wire.GetAllChildrenNumber: "GETACN", wire.GetEphemerals: "GETE", wire.WhoAmI: "HOMI",
}

// lop names the request. A request that failed as a transaction has lost its name when it is answered,
// except for a multi, whose parts failed.
func (r Reply) lop() string {
	name, ok := lops[r.Op]
	if !ok || r.Failed && updates(r.Op) && r.Op != wire.Multi {
		return "NA"
	}
	return name
}

// updates reports whether the request becomes a transaction.
func updates(op wire.Op) bool {
	switch op.Kind() {
	case wire.Create, wire.Delete, wire.DeleteContainer, wire.SetData, wire.SetACL, wire.Check,
		wire.Multi, wire.Reconfig, wire.CreateSession, wire.CloseSession:
		return true
	}
	return false
}
