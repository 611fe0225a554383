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

// writePlan is what has to be written for a subtree to be at a path.
type writePlan struct {
	name  string // of the command, for errors
	to    string
	limit int // of a request, in bytes
	above int // bytes that the chroot puts before each path

	ops  []wire.MultiOp // creates and sets, parents before their children
	acls []aclChange
}

// aclChange writes permissions of a znode that is there: no transaction can hold that.
type aclChange struct {
	path     string
	acl      []wire.ACL
	aversion int32
	after    int // so many operations make the znode, whose permissions were put off; 0: it was there
}

func limitFlag(f *pflag.FlagSet) *int {
	return f.Int("jute-maxbuffer", wire.MaxRequest, "bytes that a request of the servers that are written to may have")
}

func noACLFlag(f *pflag.FlagSet, usage string) *bool { return f.Bool("no-acl", false, usage) }

func (w *writePlan) create(n znode) { w.ops = append(w.ops, n.copyOf(join(w.to, n.path))) }

// size is how many znodes are written.
func (w *writePlan) size() int { return len(w.ops) + len(w.acls) }

// longer is how many bytes the chroot puts before each path that is sent.
func (s *Shell) longer() int { return len(s.Client.Chroot()) }

// requestSize is that of a transaction, with the header of a request.
func requestSize(ops []wire.MultiOp) int {
	return requestHeader + len(wire.AppendMultiRequest(nil, ops))
}

const requestHeader = 8 // xid and type

// alone is the size of a request that does one operation, not as a transaction.
func alone(op wire.MultiOp) int {
	return requestHeader + len(wire.AppendRequest(nil, op.Op, op.Request))
}

// mostOps bounds a transaction, so that others are not held up and people see how far it is.
const mostOps = 1000

// batches cuts operations into transactions that a server takes. One that fits only alone
// is a batch of its own.
func (w *writePlan) batches() (all [][]wire.MultiOp, err error) {
	empty := requestSize(nil)
	size, begin := empty, 0
	for i, op := range w.ops {
		if n := alone(op) + w.above; n > w.limit {
			return nil, usagef("%s: %s takes a request of %d bytes, and servers take %d (jute.maxbuffer): nothing was written", w.name, named(op), n, w.limit)
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

// carryOut writes. An error says how far it came.
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

// openParents puts off the permissions of those new znodes that would let this session make no
// children of theirs. Until these are there, it may, and may then write the permissions.
func (s *Shell) openParents(ctx context.Context, w *writePlan) error {
	closed := make(map[int]*wire.CreateRequest)
	parents := make(map[string]bool)
	for i, op := range slices.Backward(w.ops) { // children stand behind their parents
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
	if err != nil && !errors.Is(err, wire.Unimplemented) { // servers before 3.7 don't tell
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

// mayCreate says whether permissions let somebody make children; who: beside everybody.
func mayCreate(acl []wire.ACL, who []wire.ClientInfo) bool {
	return slices.ContainsFunc(acl, func(a wire.ACL) bool {
		user, _, _ := strings.Cut(a.ID.ID, ":") // of a digest: the rest is its password's
		mine := slices.ContainsFunc(who, func(i wire.ClientInfo) bool {
			return i.AuthScheme == a.ID.Scheme && (i.User == a.ID.ID || i.AuthScheme == "digest" && i.User == user)
		})
		return a.Perms&wire.PermCreate != 0 && (mine || a.ID.Scheme == "world")
	})
}

func (w *writePlan) stopped(ctx context.Context, done int, err error) error {
	how := fmt.Sprintf("%d of %d znodes were written before", done, w.size())
	open := 0
	for _, a := range w.acls[max(done-len(w.ops), 0):] {
		if a.after > 0 && a.after <= done {
			open++
		}
	}
	if open > 0 {
		how += fmt.Sprintf(", %d of them not yet with their permissions", open)
	}
	return cameSoFar(ctx, err, how, done)
}

// cameSoFar is an error of a command that had done a part.
func cameSoFar(ctx context.Context, err error, how string, done int) error {
	switch {
	case done == 0:
		return err
	case ctx.Err() != nil: // of an interruption people are told no more than that it is one
		if client.MayBeDone(err) {
			how += ", and what was sent last may have been"
		}
		return codedError{Interrupted, "interrupted: " + how}
	}
	return &explained{fmt.Sprintf("%v: %s", err, how), err}
}

// transact does operations, all or none.
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

// single does an operation that needs no transaction: it may be larger.
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

// named is an operation in words.
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

// setOf writes the data of a znode that has a version.
func setOf(path string, data []byte, version int32) wire.MultiOp {
	return wire.MultiOp{Op: wire.SetData, Request: &wire.SetDataRequest{Path: path, Data: data, Version: version}}
}

// ephemeralOf is the znode as one of this session.
func ephemeralOf(path string, n znode) wire.MultiOp {
	return client.CreateOp(path, n.data, n.acl, wire.Ephemeral, 0)
}
