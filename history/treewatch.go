package history

// FTreeWatch is the fact that zklab's own sessions saw what changed below Params.Root. Its values, at the end of the record,
// are [TreeWatch]: parts of one list.
const FTreeWatch = "tree-watch"

// TreeWatch is a part of what zklab's own sessions saw change below Params.Root, on an ensemble that does not report its
// transactions. A recursive watch on each server tells the changes ("Programmer's Guide, ZooKeeper Watches").
//
// It is no transaction log. It has no beginnings and ends of sessions, no refused requests, and nothing outside Params.Root:
// that something is not in it proves only that, within a stretch, no such change was made to a znode below Params.Root.
type TreeWatch struct {
	// Stretches are in order and apart, in the first part. Within each of them, no create and no delete is missing: what the
	// watches told leads from the tree that was read at one time to the one that was read later.
	Stretches []ZxidStretch `json:"stretches,omitempty"`
	// Changes are in order of zxids; those of one transaction are in its order.
	Changes []TreeChange `json:"changes,omitempty"`
	// Why says why there is nothing, for people.
	Why string `json:"why,omitempty"`
}

// ZxidStretch is all zxids above From, up to To.
type ZxidStretch struct {
	From ID `json:"from"`
	To   ID `json:"to"`
}

// TreeChange is a change of a znode.
type TreeChange struct {
	Zxid ID     `json:"zxid"`
	Type string `json:"type"` // create or delete
	Path string `json:"path"`
	// Session is the session whose request made the change, if a link saw the servers acknowledge it; else 0. Cxid is the
	// number of that request.
	Session ID    `json:"session,omitempty"`
	Cxid    int32 `json:"cxid,omitempty"`
	// Owner is the session that owns an ephemeral znode, after a create whose Session is known, or if the znode was read; else 0.
	Owner ID `json:"owner,omitempty"`
	// Sequential means that the servers gave the znode its number. It is known if Session is.
	Sequential bool `json:"sequential,omitempty"`
}
