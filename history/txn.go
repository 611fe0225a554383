package history

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// Txn is one transaction that an ensemble committed: a line of transactions.jsonl. Only Zxid orders
// transactions. Their clock is the leader's, not that of the history's events.
type Txn struct {
	Zxid ID `json:"zxid,omitempty"`
	// Wall is the wall-clock time of the leader that proposed the transaction, to the millisecond.
	Wall time.Time `json:"wall,omitzero"`
	// Session is the session that made the request, or 0 if the ensemble did, for example to delete
	// an empty container. Cxid is the number of the request within its session.
	Session ID    `json:"session,omitempty"`
	Cxid    int32 `json:"cxid,omitempty"`
	// Type is the name of the request in the protocol: createSession, closeSession, create,
	// create2, createContainer, createTTL, delete, deleteContainer, setData, setACL, check, multi,
	// reconfig. Type setSequence is the embedded ensemble's: it sets the counter of Path to
	// ParentCversion. Type "error" stands for a rejected request whose type the log does not keep.
	Type string `json:"type"`

	// Path is the znode, including the number of a sequential one.
	Path string `json:"path,omitempty"`
	// Data is the data of create and setData, in base64.
	Data []byte `json:"data,omitempty"`
	// Version is the znode's new data version after setData and its new ACL version after setACL;
	// for check, the expected version.
	Version int32 `json:"version,omitempty"`
	// ACL is the ACL of create and setACL; absent if everyone may do everything.
	ACL []TxnACL `json:"acl,omitempty"`
	// Owner is the session that owns an ephemeral znode.
	Owner ID `json:"owner,omitempty"`
	// TTL is the TTL of createTTL.
	TTL time.Duration `json:"ttl,omitempty"`
	// ParentCversion is the parent's counter of creates and deletes after a create.
	ParentCversion int32 `json:"parent_cversion,omitempty"`

	// Timeout is the timeout that createSession granted.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Paths are the ephemeral znodes that closeSession deleted, in order.
	Paths []string `json:"paths,omitempty"`
	// Parts are the operations of a multi, each with its type, path and other fields. If the multi
	// failed, each part has its error.
	Parts []Txn `json:"parts,omitempty"`

	// Error is the protocol's code (-101: no node) of a rejected request, which has a zxid but no
	// effect. If a multi failed, its parts have the codes.
	Error int32 `json:"error,omitempty"`
}

// Below reports whether the transaction, or a part of it, writes at or below path, whether it
// succeeded or was rejected.
func (t *Txn) Below(path string) bool {
	rest, ok := strings.CutPrefix(t.Path, path)
	if ok && (rest == "" || rest[0] == '/' || path == "/") {
		return true
	}
	return slices.ContainsFunc(t.Parts, func(part Txn) bool { return part.Below(path) })
}

// Refused reports whether the request was rejected, alone or as a multi: it changed nothing.
func (t *Txn) Refused() bool {
	return t.Error != 0 || t.Type == "error" || slices.ContainsFunc(t.Parts, func(part Txn) bool { return part.Refused() })
}

// Changes yields what the transaction did: itself, or the parts of a multi; nothing if it was refused.
func (t *Txn) Changes() iter.Seq[*Txn] {
	return func(yield func(*Txn) bool) {
		switch {
		case t.Refused():
		case len(t.Parts) == 0:
			yield(t)
		default:
			for i := range t.Parts {
				if !yield(&t.Parts[i]) {
					return
				}
			}
		}
	}
}

// Creates reports whether Type is one of the four that create a znode.
func (t *Txn) Creates() bool { return strings.HasPrefix(t.Type, "create") && t.Type != "createSession" }

// TxnACL is an entry of an access control list. Perms are the protocol's bits: 1 read, 2 write, 4
// create, 8 delete, 16 admin.
type TxnACL struct {
	Perms  int32  `json:"perms"`
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
}
