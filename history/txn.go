package history

import (
	"slices"
	"strings"
	"time"
)

// Txn is one transaction that an ensemble committed: a line of
// transactions.jsonl. Transactions are ordered by Zxid alone: their clock is
// the leader's, which is not that of the history's events.
type Txn struct {
	Zxid ID `json:"zxid,omitempty"`
	// Wall is the wall-clock time of the leader that proposed it, in milliseconds.
	Wall time.Time `json:"wall,omitzero"`
	// Session is whose request it was, 0 for one of the ensemble's own (the end
	// of an empty container, say). Cxid is the number of the request in its session.
	Session ID    `json:"session,omitempty"`
	Cxid    int32 `json:"cxid,omitempty"`
	// Type is the name of the request in the protocol: createSession,
	// closeSession, create, create2, createContainer, createTTL, delete,
	// deleteContainer, setData, setACL, check, multi, reconfig; setSequence, by
	// which the embedded ensemble sets Path's counter to ParentCversion; or "error"
	// of one that was refused, where the log does not keep what it was.
	Type string `json:"type"`

	// Path is the znode; of a sequential one with its number.
	Path string `json:"path,omitempty"`
	// Data is what was written, in base64. Of create and setData.
	Data []byte `json:"data,omitempty"`
	// Version is the one that the znode has afterwards, of setData and setACL;
	// of check the one that was asked for.
	Version int32 `json:"version,omitempty"`
	// ACL is that of create and setACL; absent for everything to everybody.
	ACL []TxnACL `json:"acl,omitempty"`
	// Owner is the session that an ephemeral znode belongs to.
	Owner ID `json:"owner,omitempty"`
	// TTL is that of createTTL.
	TTL time.Duration `json:"ttl,omitempty"`
	// ParentCversion is the parent's counter of creates and deletes after a create.
	ParentCversion int32 `json:"parent_cversion,omitempty"`

	// Timeout is the one that was granted, of createSession.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Paths are the ephemeral znodes that went with closeSession, in order.
	Paths []string `json:"paths,omitempty"`
	// Parts are the operations of a multi: with type, path and what belongs to
	// it, or the error of each if the multi failed.
	Parts []Txn `json:"parts,omitempty"`

	// Error is the protocol's code (-101: no node) of a request that was refused:
	// it has a zxid, and did nothing. Of a multi that failed its parts have the codes.
	Error int32 `json:"error,omitempty"`
}

// Below says whether the transaction, or a part of it, is a write at a path or below
// it, carried out or refused.
func (t *Txn) Below(path string) bool {
	rest, ok := strings.CutPrefix(t.Path, path)
	if ok && (rest == "" || rest[0] == '/' || path == "/") {
		return true
	}
	return slices.ContainsFunc(t.Parts, func(part Txn) bool { return part.Below(path) })
}

// TxnACL is one entry of an access control list. Perms are the protocol's bits:
// 1 read, 2 write, 4 create, 8 delete, 16 admin.
type TxnACL struct {
	Perms  int32  `json:"perms"`
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
}
