package tree

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A quota of a subtree is made by two znodes under /zookeeper/quota, followed by
// the path of the subtree: one with the limits, and one in which the servers
// count nodes and bytes ("Administrator's Guide, Quotas"). Limits are not
// enforced by default, but counted is always, behind the back of the znode's
// stat: its version and its mzxid stay.
const (
	limitsName = "zookeeper_limits"
	countsName = "zookeeper_stats"
)

// quotaOf gives the subtree that a znode is a quota's for, and the znode's name.
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

// count adds to what is counted for the innermost subtree with a quota that n
// is in.
func (t *Tree) count(n *node, nodes, bytes int) {
	if len(t.quotas) == 0 {
		return
	}
	for path := n.path; path != rootPath; path = parentPath(path) {
		if !t.quotas[path] {
			continue
		}
		if counts := t.nodes[quotaPath+path+"/"+countsName]; counts != nil {
			counts.data = addCounts(counts.data, nodes, bytes)
		}
		return
	}
}

// recount counts a subtree anew.
func (t *Tree) recount(subtree string, counts *node) {
	var nodes, bytes int
	if top := t.nodes[subtree]; top != nil {
		top.walk(func(x *node) {
			nodes++
			bytes += len(x.data)
		})
	}
	counts.data = fmt.Appendf(nil, "count=%d,bytes=%d", nodes, bytes)
}

var pairSeparator = regexp.MustCompile("[,;]+")

// addCounts adds to "count=4,bytes=30", which may have further numbers. What a
// client may have written in its place stays as it is.
func addCounts(data []byte, nodes, bytes int) []byte {
	all := map[string]int64{"count": -1, "bytes": -1}
	for _, pair := range pairSeparator.Split(string(data), -1) {
		key, value, ok := strings.Cut(strings.TrimRight(pair, "="), "=")
		n, err := strconv.ParseInt(value, 10, 64)
		if len(data) > 0 && (!ok || err != nil) {
			return data
		}
		if ok {
			all[key] = n
		}
	}
	b := fmt.Appendf(nil, "count=%d,bytes=%d", all["count"]+int64(nodes), all["bytes"]+int64(bytes))
	delete(all, "count")
	delete(all, "bytes")
	if len(all) > 0 {
		b = append(b, '=') // for parsers of old
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		b = fmt.Appendf(b, ";%s=%d", key, all[key])
	}
	return b
}
