package screen

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/internal/tools/monitor"
	"github.com/zklab/zklab/internal/zk/wire"
)

// fake is a Source whose tree is in memory.
type fake struct {
	mu      sync.Mutex
	znodes  map[string]*fakeNode
	open    map[string]bool
	chosen  string
	changed chan struct{}
	looks   int
	rest    monitor.View // everything except the rows and the chosen znode
	refused error        // the error of reading the chosen znode
}

type fakeNode struct {
	data    []byte
	owner   int64
	version int32
	mark    monitor.Kind
	at      time.Time
	note    string
	problem string
}

func newFake(paths ...string) *fake {
	f := &fake{
		znodes: map[string]*fakeNode{"/": {}}, open: map[string]bool{"/": true}, changed: make(chan struct{}, 1),
		rest: monitor.View{Conn: monitor.Conn{Connected: true, Server: "127.0.0.1:2181", Session: 0x100000b5d0001, Since: epoch}},
	}
	for _, p := range paths {
		f.put(p, nil)
	}
	return f
}

func (f *fake) put(path string, data []byte) *fakeNode {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := &fakeNode{data: data}
	f.znodes[path] = n
	f.tell()
	return n
}

func (f *fake) remove(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.znodes, path)
	f.tell()
}

func (f *fake) tell() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func (f *fake) Changed() <-chan struct{} { return f.changed }

func (f *fake) Open(path string)   { f.set(func() { f.open[path] = true }) }
func (f *fake) Shut(path string)   { f.set(func() { f.open[path] = false }) }
func (f *fake) Choose(path string) { f.set(func() { f.chosen = path }) }

func (f *fake) set(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	f.tell()
}

func (f *fake) View(w monitor.Window) monitor.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looks++
	select {
	case <-f.changed:
	default:
	}
	v := f.rest
	all := f.rows(w.Filter)
	v.Total = len(all)
	v.Kept = slices.IndexFunc(all, func(r monitor.Row) bool { return r.Path == w.Keep })
	first := w.First
	if v.Kept >= 0 && w.N > 0 {
		first = max(min(first, v.Kept), v.Kept-w.N+1)
	}
	v.First = max(min(first, v.Total-w.N), 0)
	v.Rows = all[v.First:min(v.First+w.N, v.Total)]
	v.Counts.Znodes = len(f.znodes)
	v.Chosen = f.node()
	return v
}

func (f *fake) node() *monitor.Node {
	n := &monitor.Node{Path: f.chosen, Err: f.refused}
	z := f.znodes[f.chosen]
	if z == nil {
		n.Gone = true
		return n
	}
	n.Data, n.ACL = z.data, []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}
	n.Stat = wire.Stat{
		Czxid: 0x100000002, Mzxid: 0x100000002 + int64(z.version), Pzxid: 0x100000003, Version: z.version, EphemeralOwner: z.owner,
		DataLength: int32(len(z.data)), NumChildren: int32(len(f.kids(f.chosen))), Ctime: epoch.UnixMilli(), Mtime: epoch.UnixMilli(),
	}
	return n
}

func (f *fake) kids(folder string) (kids []string) {
	for p := range f.znodes {
		if p != "/" && folderOf(p) == folder {
			kids = append(kids, p)
		}
	}
	sort.Strings(kids)
	return kids
}

// rows returns all rows that pass the filter, and those above them.
func (f *fake) rows(filter string) (rows []monitor.Row) {
	var walk func(path string, depth int) []monitor.Row
	walk = func(path string, depth int) (below []monitor.Row) {
		z, kids := f.znodes[path], f.kids(path)
		if f.open[path] {
			for _, kid := range kids {
				below = append(below, walk(kid, depth+1)...)
			}
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if path == "/" {
			name = "/"
		}
		if filter != "" && !strings.Contains(name, filter) && len(below) == 0 {
			return nil
		}
		row := monitor.Row{
			Path: path, Name: name, Depth: depth, Children: int32(len(kids)), Open: f.open[path], Owner: z.owner,
			Bytes: int32(len(z.data)), Version: z.version, Mark: z.mark, At: z.at, Note: z.note, Problem: z.problem,
		}
		return append([]monitor.Row{row}, below...)
	}
	return walk("/", 0)
}

var epoch = time.Date(2026, 11, 22, 8, 31, 15, 123e6, time.UTC)
