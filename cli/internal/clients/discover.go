package clients

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/recipes"
)

// discoverFlags say how instances are printed.
type discoverFlags struct {
	connect.SessionFlags
	watch bool
	json  bool
	count int
}

func newDiscover() *cobra.Command {
	var f discoverFlags
	cmd := &cobra.Command{
		Use:   "discover PATH",
		Short: "List the instances of a service, or watch them change",
		Long: "Discover prints the address, ID and data of the instances registered at a znode. --watch prints a line with all\n" +
			"addresses now and after each change, and waits for the znode if it does not exist yet. --json prints one\n" +
			"line of JSON per list. Discover writes nothing to ZooKeeper.\n\n" +
			"It reads what zklab register and recipes.Service write, Apache Curator's service discovery (give the path of the service,\n" +
			"/base/name), and serversets of Finagle and Aurora. It reports unreadable znodes and disabled instances on standard\n" +
			"error, and in JSON under unreadable and off.\n\n" +
			"Exit codes: 0 success, even without instances or when --watch is interrupted, 3 no server or another failure,\n" +
			"64 wrong usage.",
		Example: "  zklab discover /services/payment --servers zk1:2181,zk2:2181\n" +
			"  zklab discover /services/payment --watch\n" +
			"  zklab discover /services/payment --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.validate(cmd, args); err != nil {
				return err
			}
			return f.run(cmd, args[0])
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.watch, "watch", "w", false, "print the list again after each change")
	flags.IntVar(&f.count, "count", 0, "end --watch after this number of lists (0: until interrupted)")
	flags.BoolVar(&f.json, "json", false, "print each list as one line of JSON")
	f.SessionFlags.AddTo(cmd)
	return cmd
}

func (f *discoverFlags) validate(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usage.BadFlag("discover needs the path of a service, such as /services/payment")
	case len(args) > 1:
		return usage.BadFlag("%s", usage.TooMany(cmd, args))
	case f.count < 0:
		return usage.BadFlag("--count must not be negative")
	case f.count > 0 && !f.watch:
		return usage.BadFlag("--count needs --watch: without it there is one list")
	}
	if err := checkZnode(args[0], "/services/payment"); err != nil {
		return usage.BadFlag("%s", err)
	}
	return f.SessionFlags.Validate()
}

func (f *discoverFlags) run(cmd *cobra.Command, znode string) error {
	ctx, stop := terminal.UntilSignal()
	defer stop()
	if f.watch {
		f.Online = func(yes bool) { terminal.Warn(cmd, "%s", connection(yes, "the list may be stale")) }
	}
	s, full, end, err := f.Open(ctx, znode)
	if err != nil {
		return f.interruptedOr(ctx, err)
	}
	defer end()
	d := recipes.NewDirectory(s, full)
	p := servicePrinter{cmd: cmd, path: full, json: f.json, watch: f.watch}
	if !f.watch {
		l, err := d.List(ctx)
		if err != nil {
			return f.interruptedOr(ctx, err)
		}
		_, err = p.print(l)
		return err
	}
	return f.interruptedOr(ctx, f.follow(ctx, d, &p))
}

// connection returns a message: that there is a connection to the servers again or, if there is none, what
// that means for the user (otherwise).
func connection(yes bool, otherwise string) string {
	if yes {
		return "connected to a server again"
	}
	return "no connection to a server: " + otherwise
}

// follow prints each listing until it has printed enough.
func (f *discoverFlags) follow(ctx context.Context, d *recipes.Directory, p *servicePrinter) error {
	printed := 0
	for l, err := range d.Changes(ctx) {
		if err != nil {
			return err
		}
		was, err := p.print(l)
		if err != nil {
			return err
		}
		if was {
			printed++
		}
		if f.count > 0 && printed == f.count {
			return nil
		}
	}
	return nil
}

// interruptedOr returns nil if an interrupt ended --watch, since that is how it normally ends, and
// otherwise the error.
func (f *discoverFlags) interruptedOr(ctx context.Context, err error) error {
	if f.watch && ctx.Err() != nil {
		return nil
	}
	return terminal.InterruptedOr(ctx, err)
}

// servicePrinter prints one listing after the other.
type servicePrinter struct {
	cmd         *cobra.Command
	path        string
	json, watch bool

	last   string   // line of --watch
	warned []string // warnings about the last listing
}

// print prints a listing, and reports whether it did: with --watch, a line has only addresses,
// which may not have changed.
func (p *servicePrinter) print(l recipes.Listing) (was bool, err error) {
	out := p.cmd.OutOrStdout()
	p.warn(l)
	switch {
	case p.json:
		return true, printJSONLine(out, p.document(l))
	case !p.watch:
		return true, p.table(out, l)
	}
	line := "Current services: [" + strings.Join(sortedAddresses(l.Instances), ", ") + "]"
	if line == p.last {
		return false, nil
	}
	p.last = line
	_, err = fmt.Fprintln(out, line)
	return true, err
}

// warn prints on standard error what the list leaves out, whenever that changes.
func (p *servicePrinter) warn(l recipes.Listing) {
	var all []string
	if !l.Exists && p.watch {
		all = append(all, fmt.Sprintf("%s does not exist: waiting for it", p.path))
	} else if !l.Exists {
		all = append(all, fmt.Sprintf("%s does not exist", p.path))
	}
	for _, u := range l.Unreadable {
		all = append(all, fmt.Sprintf("%s cannot be read: %s", p.znode(u.Znode), u.Reason))
	}
	for _, r := range l.Off {
		all = append(all, fmt.Sprintf("%s, %s, is disabled: %s", p.znode(r.Znode), r.Address, r.Off))
	}
	for _, text := range all {
		if !slices.Contains(p.warned, text) {
			terminal.Warn(p.cmd, "%s", printable.Text(text, 1000))
		}
	}
	p.warned = all
}

func (p *servicePrinter) znode(name string) string { return path.Join(p.path, name) }

// sortedAddresses returns the addresses of instances, sorted.
func sortedAddresses(all []recipes.Registered) []string {
	texts := make([]string, 0, len(all))
	for _, r := range all {
		texts = append(texts, printable.Text(r.Address, 200))
	}
	slices.Sort(texts)
	return texts
}

// table prints a listing for people.
func (p *servicePrinter) table(out io.Writer, l recipes.Listing) error {
	what := "instances"
	if len(l.Instances) == 1 {
		what = "instance"
	}
	fmt.Fprintf(out, "%s: %d %s\n", p.path, len(l.Instances), what)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range slices.SortedFunc(slices.Values(l.Instances), func(a, b recipes.Registered) int { return cmp.Compare(a.Address, b.Address) }) {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", printable.Text(r.Address, 200), printable.Text(r.ID, 120), printable.Text(dataText(r.Metadata), 400))
	}
	return table.Flush()
}

// dataText returns the rest of an instance's data: name=value, in order of names.
func dataText(data map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(data)) {
		all = append(all, name+"="+data[name])
	}
	return strings.Join(all, " ")
}

// listingJSON is the JSON form of a listing.
type listingJSON struct {
	Path       string           `json:"path"`
	Exists     bool             `json:"exists"`
	Instances  []instanceJSON   `json:"instances"`
	Off        []instanceJSON   `json:"off,omitempty"`
	Unreadable []unreadableJSON `json:"unreadable,omitempty"`
}

type instanceJSON struct {
	Address string            `json:"address"`
	ID      string            `json:"id"`
	Data    map[string]string `json:"data,omitempty"`
	Format  recipes.Format    `json:"format"`
	Znode   string            `json:"znode"`
	Reason  string            `json:"reason,omitempty"` // why it is off
}

type unreadableJSON struct {
	Znode  string `json:"znode"`
	Reason string `json:"reason"`
}

func (p *servicePrinter) document(l recipes.Listing) listingJSON {
	doc := listingJSON{Path: p.path, Exists: l.Exists, Instances: p.instances(l.Instances), Off: p.instances(l.Off)}
	for _, u := range l.Unreadable {
		doc.Unreadable = append(doc.Unreadable, unreadableJSON{p.znode(u.Znode), u.Reason})
	}
	return doc
}

func (p *servicePrinter) instances(all []recipes.Registered) []instanceJSON {
	list := []instanceJSON{}
	for _, r := range all {
		list = append(list, instanceJSON{r.Address, r.ID, r.Metadata, r.Format, p.znode(r.Znode), r.Off})
	}
	return list
}

// printJSONLine prints a value on one line, for programs.
func printJSONLine(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = w.Write(append(terminal.ASCIIJSON(text), '\n'))
	return err
}
