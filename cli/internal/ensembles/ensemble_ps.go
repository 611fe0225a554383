package ensembles

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/tools/control"
)

// The states of an ensemble whose process does not report its health.
const (
	silent status.Health = "silent" // its process is alive, but does not answer
	died   status.Health = "died"   // its process was killed or failed, or the machine restarted
)

// listed is an ensemble in the list of ps.
type listed struct {
	control.Entry
	State   status.Health   `json:"state"`
	Serving int             `json:"serving"`
	Servers []control.State `json:"servers,omitempty"`
	Why     string          `json:"why,omitempty"`  // the last line of its log, if it died with an error
	Left    string          `json:"left,omitempty"` // its containers that are left, if it died
}

// ensembleList is the JSON of ps.
type ensembleList struct {
	Ensembles []listed `json:"ensembles"`
	Left      []string `json:"left,omitempty"` // containers of dead processes that are not in the list
}

func newPs() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ps",
		Short: "List the ensembles that \"zklab ensemble up\" runs, and those that died",
		Long: "Ps lists the ensembles of this user that \"zklab ensemble up\" runs, in the foreground and background:\n" +
			"healthy (all servers serve), degraded (a majority serves), down (no majority serves), silent (the process does not\n" +
			"answer, for example because it is stopped) or died (the process was killed or failed, or the machine restarted).\n" +
			"\"zklab ensemble down NAME\" removes what a dead one left behind. An ensemble whose --name is a path is not listed.",
		Example: "  zklab ensemble ps\n  zklab ensemble ps --json",
		Args:    usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := terminal.UntilSignal()
			defer stop()
			l := listEnsembles(ctx)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if asJSON {
				return terminal.PrintJSON(cmd.OutOrStdout(), l)
			}
			return l.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return cmd
}

// engineTimeout bounds the query for containers of dead processes on the Docker engine.
const engineTimeout = 3 * time.Second

// listEnsembles queries all ensembles at once. If a Docker engine answers, it also lists the containers
// that dead processes left.
func listEnsembles(ctx context.Context) ensembleList {
	entries := control.Entries()
	l := ensembleList{Ensembles: make([]listed, len(entries))}
	var left map[string]string
	var all sync.WaitGroup
	all.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, engineTimeout)
		defer cancel()
		left, _ = container.Left(ctx) // without an engine there are no containers
	})
	for i, e := range entries {
		all.Go(func() { l.Ensembles[i] = lookAt(ctx, e) })
	}
	all.Wait()
	for i, e := range l.Ensembles {
		if e.State == died && left != nil && left[e.Run] == "" {
			l.Ensembles[i].Run = "" // no container with this label is left
		}
		l.Ensembles[i].Left = left[e.Run]
		delete(left, e.Run)
	}
	l.Left = slices.Sorted(maps.Values(left))
	return l
}

// lookTimeout bounds the query of one ensemble, which gives each of its servers one second.
const lookTimeout = 3 * time.Second

// lookAt finds out the state of an ensemble.
func lookAt(ctx context.Context, e control.Entry) listed {
	l := listed{Entry: e, State: silent}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	answer, err := control.Status(ctx, e.Socket())
	switch {
	case err == nil:
		l.Servers = answer.Servers
		l.State, l.Serving = healthOf(answer.Servers)
	case e.Died():
		l.State, l.Why = died, e.LastError()
	}
	return l
}

// healthOf returns the health that follows from the roles of the servers, and how many serve.
func healthOf(servers []control.State) (status.Health, int) {
	serving, leads := 0, false
	for _, s := range servers {
		switch s.Role {
		case ensemble.Leader, ensemble.Standalone:
			leads = true
			serving++
		case ensemble.Follower, ensemble.Observer:
			serving++
		}
	}
	switch {
	case !leads:
		return status.Down, serving
	case serving < len(servers):
		return status.Degraded, serving
	}
	return status.Healthy, serving
}

// print prints the list for people.
func (l ensembleList) print(out io.Writer) error {
	if len(l.Ensembles) == 0 {
		fmt.Fprintln(out, "no ensemble is running: start one with zklab ensemble up --detach")
	} else if err := l.table(out); err != nil {
		return err
	}
	for _, e := range l.Ensembles {
		if e.State == died || e.State == silent {
			fmt.Fprintln(out, "note:", e.note())
		}
	}
	for _, left := range l.Left {
		fmt.Fprintf(out, "note: %s: zklab clean --remove removes it\n", left)
	}
	return nil
}

func (l ensembleList) table(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSTATE\tBACKEND\tSERVING\tSINCE\tADDRESSES")
	for _, e := range l.Ensembles {
		serving := "-"
		if e.Servers != nil {
			serving = fmt.Sprintf("%d of %d", e.Serving, len(e.Servers))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Name, e.State, e.Backend, serving, e.Since.Local().Format(time.DateTime), e.Connect)
	}
	return t.Flush()
}

// note returns what is wrong with an ensemble that does not answer, and what to do.
func (e listed) note() string {
	if e.State == silent {
		return fmt.Sprintf("%s is silent: process %d is alive but does not answer; it is stopped, is exiting, or is not visible from here", e.Name, e.Process.PID)
	}
	text := fmt.Sprintf("%s died: process %d has ended", e.Name, e.Process.PID)
	if e.Why != "" {
		text += fmt.Sprintf(" (%s)", e.Why)
	}
	return text + "; zklab ensemble down " + e.Name + " removes " + prose.List(e.leavings(), "and")
}

// leavings returns what an ensemble that died left behind.
func (e listed) leavings() []string {
	var what []string
	if e.Run != "" {
		what = append(what, "its containers")
	}
	if e.Log != "" {
		what = append(what, "its log")
	}
	return append(what, "it from this list")
}

// names returns the names of the ensembles, for a sentence.
func (l ensembleList) names() string {
	var names []string
	for _, e := range l.Ensembles {
		names = append(names, e.Name)
	}
	return strings.Join(names, ", ")
}
