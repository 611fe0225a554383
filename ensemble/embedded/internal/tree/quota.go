package tree

import (
	"strings"

	"github.com/zklab/zklab/internal/zk/quota"
	"github.com/zklab/zklab/internal/zk/wire"
)

// A quota of a subtree is made by two znodes under /zookeeper/quota, followed by
// the path of the subtree: one with the limits, and one in which the servers
// count nodes and bytes ("Administrator's Guide, Quotas"). Limits are enforced
// only if a leader asks (Quota), but counted is always, behind the back of the
// znode's stat: its version and its mzxid stay.
const (
	limitsName = quota.Limits
	countsName = quota.Counts
)

// quotaOf returns the subtree that a znode is a quota's for, and the znode's name.
func quotaOf(n *node) (subtree, name string) {
	rest, ok := strings.CutPrefix(n.path, quotaPath)
	if !ok || n.parent == nil {
		return "", ""
	}
	subtree, ok = strings.CutSuffix(rest, "/"+n.name())
	if !ok || subtree == "" {
		return "", ""
	}
	return subtree, n.name()
}

// countCreate is called for a new znode.
func (t *Tree) countCreate(n *node) {
	if subtree, name := quotaOf(n); name == limitsName {
		t.quotas[subtree] = true
	} else if name == countsName {
		t.recount(subtree, n)
	}
	t.count(n, 1, len(n.data))
}

// countDelete is called for a znode that is gone.
func (t *Tree) countDelete(n *node) {
	if subtree, name := quotaOf(n); name == limitsName {
		delete(t.quotas, subtree)
	}
	t.count(n, -1, -len(n.data))
}

// count adds znodes and bytes to the counts of the innermost subtree with a quota that n is in.
func (t *Tree) count(n *node, nodes, bytes int) {
	subtree, ok := t.quotaAbove(n.path)
	if !ok {
		return
	}
	if counts := t.nodes[quotaPath+subtree+"/"+countsName]; counts != nil {
		counts.data = addCounts(counts.data, nodes, bytes)
	}
}

// quotaAbove returns the innermost subtree with a quota that a path is in.
func (t *Tree) quotaAbove(path string) (subtree string, ok bool) {
	if len(t.quotas) == 0 {
		return "", false
	}
	for ; path != rootPath; path = parentPath(path) {
		if t.quotas[path] {
			return path, true
		}
	}
	return "", false
}

// Quota judges whether the given nodes and bytes may be added at a path, by the hard limits of the
// innermost subtree with a quota. Like Java's leader, it counts what the tree has now, without changes
// under way; a limit that is already exceeded also counts when the number of bytes falls. If a limit
// cannot be parsed, it returns MarshallingError.
func (t *Tree) Quota(path string, nodes, bytes int) wire.Code {
	subtree, ok := t.quotaAbove(path)
	if !ok {
		return wire.OK
	}
	limits, counts := t.nodes[quotaPath+subtree+"/"+limitsName], t.nodes[quotaPath+subtree+"/"+countsName]
	if limits == nil {
		return wire.OK
	}
	limit, ok := quota.Parse(limits.data)
	if !ok {
		return wire.MarshallingError
	}
	checksNodes := nodes != 0 && max(limit.Of(quota.Count), limit.Of(quota.HardCount)) > -1
	checksBytes := bytes != 0 && max(limit.Of(quota.Bytes), limit.Of(quota.HardBytes)) > -1
	if counts == nil || !checksNodes && !checksBytes {
		return wire.OK
	}
	now, ok := quota.Parse(counts.data)
	switch {
	case !ok:
		return wire.MarshallingError
	case checksNodes && passes(now.Of(quota.Count)+int64(nodes), limit.Of(quota.HardCount)),
		checksBytes && passes(now.Of(quota.Bytes)+int64(bytes), limit.Of(quota.HardBytes)):
		return wire.QuotaExceeded
	}
	return wire.OK
}

// passes reports whether a number is beyond a limit, if that is one.
func passes(n, limit int64) bool { return limit > -1 && n > limit }

// recount counts a subtree from scratch.
func (t *Tree) recount(subtree string, counts *node) {
	var nodes, bytes int
	if top := t.nodes[subtree]; top != nil {
		top.walk(func(x *node) {
			nodes++
			bytes += len(x.data)
		})
	}
	counts.data = quota.Numbers{quota.Count: int64(nodes), quota.Bytes: int64(bytes)}.Data()
}

// addCounts adds to "count=4,bytes=30", which may have further numbers. What a
// client may have written in its place stays as it is.
func addCounts(data []byte, nodes, bytes int) []byte {
	all, ok := quota.Parse(data)
	if !ok {
		return data
	}
	all[quota.Count] += int64(nodes)
	all[quota.Bytes] += int64(bytes)
	return all.Data()
}
