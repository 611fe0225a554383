package shell

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// writePlan lists the writes that create or change a subtree.
type writePlan struct {
	name  string // of the command, for errors
	to    string // the path of the subtree
	limit int    // size of the largest request, in bytes
	above int    // bytes that the chroot adds to each path

	ops  []wire.MultiOp // creates and sets, parents before their children
	acls []aclChange
}

// aclChange writes permissions of an existing znode, which no transaction can do.
type aclChange struct {
	path     string
	acl      []wire.ACL
	aversion int32
	after    int // the number of operations after which the new znode exists; 0: it existed before
}

func limitFlag(f *pflag.FlagSet) *int {
	return f.Int("jute-maxbuffer", wire.MaxRequest, "largest request that the servers accept, in bytes")
}

func noACLFlag(f *pflag.FlagSet, usage string) *bool { return f.Bool("no-acl", false, usage) }

func (w *writePlan) create(n znode) {
	w.ops = append(w.ops, client.CreateOp(join(w.to, n.path), n.data, n.acl, wire.Persistent, 0))
}

// size returns the number of writes.
func (w *writePlan) size() int { return len(w.ops) + len(w.acls) }

// longer returns the number of bytes that the chroot adds to each path.
func (s *Shell) longer() int { return len(s.Client.Chroot()) }

// requestSize returns the size of a transaction's request, with its header.
func requestSize(ops []wire.MultiOp) int {
	return requestHeader + len(wire.AppendMultiRequest(nil, ops))
}

const requestHeader = 8 // xid and type

// alone returns the size of the request for an operation outside of a transaction.
func alone(op wire.MultiOp) int {
	return requestHeader + len(wire.AppendRequest(nil, op.Op, op.Request))
}

// mostOps bounds the operations of a transaction, so that it does not delay other clients, and
// progress is visible.
const mostOps = 1000

// batches splits the operations into transactions that a server accepts. An operation that fits only
// without a transaction is a batch of its own.
func (w *writePlan) batches() (all [][]wire.MultiOp, err error) {
	empty := requestSize(nil)
	size, begin := empty, 0
	for i, op := range w.ops {
		if n := alone(op) + w.above; n > w.limit {
			return nil, usagef("%s: %s needs a request of %d bytes, and servers accept %d (jute.maxbuffer): nothing was written", w.name, named(op), n, w.limit)
		}
		n := requestSize([]wire.MultiOp{op}) - empty + w.above
		if i > begin && (size+n > w.limit || i-begin == mostOps) {
			all = append(all, w.ops[begin:i])
			size, begin = empty, i
		}
		size += n
	}
	if begin < len(w.ops) {
		all = append(all, w.ops[begin:])
	}
	return all, nil
}

// carryOut performs the writes. Its error says how many were done.
func (s *Shell) carryOut(ctx context.Context, w *writePlan) error {
	w.above = s.longer()
	if err := s.openParents(ctx, w); err != nil {
		return err
	}
	batches, err := w.batches()
	if err != nil {
		return err
	}
	defer s.progressed(w.size())
	done := 0
	for _, ops := range batches {
		s.progress("written", done, w.size())
		if err := s.transact(ctx, ops); err != nil {
			return w.stopped(ctx, done, err)
		}
		done += len(ops)
	}
	for _, a := range w.acls {
		_, err := s.Client.SetACL(ctx, a.path, a.acl, a.aversion)
		if err != nil {
			return w.stopped(ctx, done, did("acl set", a.path, err))
		}
		done++
	}
	return nil
}

// openParents postpones the permissions of new znodes in which this session could not create
// children. Until the children exist, the session may create them and write the permissions.
func (s *Shell) openParents(ctx context.Context, w *writePlan) error {
	closed := make(map[int]*wire.CreateRequest)
	parents := make(map[string]bool)
	for i, op := range slices.Backward(w.ops) { // children come after their parents
		if r, ok := op.Request.(*wire.CreateRequest); ok {
			if parents[r.Path] && !mayCreate(r.ACL, nil) {
				closed[i] = r
			}
			parents[r.Path[:lastSlash(r.Path)]] = true
		}
	}
	if len(closed) == 0 {
		return nil
	}
	who, err := s.Client.WhoAmI(ctx)
	if err != nil && !errors.Is(err, wire.Unimplemented) { // servers before 3.7 do not know whoami
		return did("whoami", "", err)
	}
	meanwhile := wire.ID{Scheme: "world", ID: "anyone"}
	if s.Client.HasCredentials() || slices.ContainsFunc(who, func(i wire.ClientInfo) bool { return i.AuthScheme != "ip" }) {
		meanwhile = wire.ID{Scheme: "auth"} // this session's credentials
	}
	for _, i := range slices.Backward(slices.Sorted(maps.Keys(closed))) {
		if r := closed[i]; !mayCreate(r.ACL, who) {
			w.acls = append(w.acls, aclChange{r.Path, r.ACL, 0, i + 1})
			r.ACL = append(slices.Clone(r.ACL), wire.ACL{Perms: wire.PermCreate | wire.PermAdmin, ID: meanwhile})
		}
	}
	return nil
}

// mayCreate reports whether permissions allow every client, or the identities who, to create
// children.
func mayCreate(acl []wire.ACL, who []wire.ClientInfo) bool {
	return slices.ContainsFunc(acl, func(a wire.ACL) bool {
		user, _, _ := strings.Cut(a.ID.ID, ":") // of a digest; the rest is the hash
		mine := slices.ContainsFunc(who, func(i wire.ClientInfo) bool {
			return i.AuthScheme == a.ID.Scheme && (i.User == a.ID.ID || i.AuthScheme == digest && i.User == user)
		})
		return a.Perms&wire.PermCreate != 0 && (mine || a.ID.Scheme == "world")
	})
}

func (w *writePlan) stopped(ctx context.Context, done int, err error) error {
	how := fmt.Sprintf("%d of %d znodes were written", done, w.size())
	open := 0
	for _, a := range w.acls[max(done-len(w.ops), 0):] {
		if a.after > 0 && a.after <= done {
			open++
		}
	}
	if open > 0 {
		how += fmt.Sprintf(", %d of them still without their permissions", open)
	}
	return cameSoFar(ctx, err, how, done)
}

// cameSoFar returns the error of a command that has done a part of its work; how names the part.
func cameSoFar(ctx context.Context, err error, how string, done int) error {
	switch {
	case done == 0:
		return err
	case ctx.Err() != nil: // the message does not say where the interruption happened
		if client.MayBeDone(err) {
			how += ", and the last write may have been done"
		}
		return codedError{Interrupted, "interrupted: " + how}
	}
	return &explained{fmt.Sprintf("%v: %s", err, how), err}
}

// transact runs operations, all or none.
func (s *Shell) transact(ctx context.Context, ops []wire.MultiOp) error {
	if len(ops) == 1 {
		return s.single(ctx, ops[0])
	}
	results, err := s.Client.Multi(ctx, ops)
	if err == nil {
		return nil
	}
	if i := culprit(results); i >= 0 && i < len(ops) {
		return explain(named(ops[i]), results[i].Err)
	}
	return explain(fmt.Sprintf("%s and %d more", named(ops[0]), len(ops)-1), err)
}

// single runs one operation without a transaction, so that it may be larger.
func (s *Shell) single(ctx context.Context, op wire.MultiOp) (err error) {
	switch r := op.Request.(type) {
	case *wire.CreateRequest:
		_, _, err = s.Client.Create(ctx, r.Path, r.Data, r.ACL, r.Mode, r.TTL)
	case *wire.SetDataRequest:
		_, err = s.Client.Set(ctx, r.Path, r.Data, r.Version)
	default:
		return errors.New("no such operation")
	}
	if err != nil {
		return explain(named(op), err)
	}
	return nil
}

// named describes an operation for errors.
func named(o wire.MultiOp) string {
	switch r := o.Request.(type) {
	case *wire.CreateRequest:
		return "create " + quote(r.Path)
	case *wire.SetDataRequest:
		return "set " + quote(r.Path)
	case *wire.VersionRequest:
		return "rm " + quote(r.Path)
	}
	return o.Op.String()
}

// setOf returns the operation that writes the data of a znode with this version.
func setOf(path string, data []byte, version int32) wire.MultiOp {
	return wire.MultiOp{Op: wire.SetData, Request: &wire.SetDataRequest{Path: path, Data: data, Version: version}}
}
