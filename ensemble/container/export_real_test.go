//go:build real

package container

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/internal/zk/txnlog"
)

// StartOnPort starts one server as Start does, but on a port that was free when
// it was chosen and is taken now.
func StartOnPort(ctx context.Context, c Config, port int) (addr string, leave func() error, err error) {
	c.Nodes = 1
	c = c.withDefaults()
	engine, err := openEngine(ctx)
	if err != nil {
		return "", nil, err
	}
	e := &cluster{run: newRun(), engine: engine, turn: newTurn(), looking: newTurn(), servers: make([]*server, 1)}
	image, err := c.pickImage(ctx, engine)
	if err != nil {
		return "", e.Close, err
	}
	network, subnet, err := createNetwork(ctx, e)
	if err != nil {
		return "", e.Close, err
	}
	if err := c.startServer(ctx, e, serverSpec{id: 1, image: image.name, network: network, subnet: subnet, port: port}); err != nil {
		return "", e.Close, err
	}
	return e.servers[0].addr, e.Close, nil
}

// EndProcess ends a server's process behind the ensemble's back.
func EndProcess(ctx context.Context, of any) error {
	s := of.(*server)
	_, err := s.cluster.engine.Client().ContainerKill(ctx, s.container().ID, client.ContainerKillOptions{Signal: "KILL"})
	return err
}

// ForgetTransactions removes records from the transaction logs of a server that is down: those for
// which forget, called with the whole record, returns true. The server then starts as if it had all of
// them.
func ForgetTransactions(ctx context.Context, of any, forget func(record []byte) bool) error {
	s := of.(*server)
	dir := path.Join(s.cluster.folders.log, "version-2")
	var edited bytes.Buffer
	out := tar.NewWriter(&edited)
	err := s.eachEntry(ctx, dir, func(entry *tar.Header, content io.Reader) error {
		if !strings.HasPrefix(path.Base(entry.Name), "log.") {
			return nil
		}
		file := txnlog.FileHeader()
		if _, err := txnlog.Scan(content, func(record []byte, _ int64) error {
			if !forget(record) {
				file = txnlog.AppendRecord(file, record)
			}
			return nil
		}); err != nil {
			return err
		}
		header := *entry
		header.Name, header.Size = path.Base(entry.Name), int64(len(file))
		err := out.WriteHeader(&header)
		if err == nil {
			_, err = out.Write(file)
		}
		return err
	})
	if err := all(err, out.Close()); err != nil {
		return err
	}
	_, err = s.cluster.engine.Client().CopyToContainer(ctx, s.container().ID, client.CopyToContainerOptions{DestinationPath: dir, Content: &edited})
	return err
}

// eachEntry is like eachFile, but passes the whole header of each file in the archive.
func (s *server) eachEntry(ctx context.Context, dir string, do func(*tar.Header, io.Reader) error) error {
	return s.walk(ctx, dir, func(entry *tar.Header, content io.Reader) error {
		if entry.Typeflag != tar.TypeReg {
			return nil
		}
		return do(entry, content)
	})
}

// ExitCode returns the exit code of a server's process.
func ExitCode(ctx context.Context, s any) (int, error) {
	state, err := s.(*server).look(ctx)
	if err != nil {
		return 0, err
	}
	return state.ExitCode, nil
}

// Network returns the rules and queues in a server's network.
func Network(ctx context.Context, of any) (string, error) {
	s := of.(*server)
	return NetworkAt(ctx, s.cluster.engine, s.container().ID)
}

// NetworkAt returns those in a container's network, read by a container that changes nothing.
func NetworkAt(ctx context.Context, engine engine, id string) (string, error) {
	r := newRun()
	h, err := startHelper(ctx, engine, helperSpec{
		name: "zklab-" + r.id + "-witness", image: Config{}.helperImage(), labels: r.labels(0),
		commands: "undo() { :; }\nshow() { iptables-save -c; tc qdisc show; tc -s class show dev eth0; }\n",
		host:     container.HostConfig{NetworkMode: container.NetworkMode("container:" + id), CapAdd: []string{"NET_ADMIN"}},
	})
	if err != nil {
		return "", err
	}
	shown, err := h.ask(ctx, "show")
	return shown, all(err, h.drop())
}

// OpenEngine opens the engine for tests that inspect it directly.
func OpenEngine(ctx context.Context) (engine, error) { return openEngine(ctx) }

// ServersOf returns the containers of the servers that a process owns.
func ServersOf(ctx context.Context, engine engine, pid int) ([]container.Summary, error) {
	found, err := engine.Client().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).
		Add("label", labelPID+"="+strconv.Itoa(pid)).Add("label", labelServer)})
	return found.Items, err
}

// DropHelpers ends the helpers beside servers, so that the next fault starts new ones.
func DropHelpers(ctx context.Context, e any) error {
	c := e.(*cluster)
	return c.change(ctx, func(context.Context) error {
		var errs []error
		for _, s := range c.servers {
			if s.gate != nil {
				errs = append(errs, s.gate.close())
				s.gate = nil
			}
		}
		return all(errs...)
	})
}

// KillHelper kills the helper in a server's network, which then cannot undo anything.
func KillHelper(ctx context.Context, of any) error {
	s := of.(*server)
	_, err := s.cluster.engine.Client().ContainerKill(ctx, s.gate.container.ID, client.ContainerKillOptions{Signal: "KILL"})
	return err
}

// Sabotage makes an ensemble's calls to the engine fail if fail returns an error: before the engine is
// called or, with late, although the engine has done what was asked.
func Sabotage(e any, fail func(call string) (err error, late bool)) (restore func()) {
	engine := e.(*cluster).engine
	sound := engine.Client()
	engine.SetClient(saboteur{sound, fail})
	return func() { engine.SetClient(sound) }
}

type saboteur struct {
	client.APIClient
	fail func(call string) (error, bool)
}

func sabotaged[T any](s saboteur, call string, do func() (T, error)) (result T, err error) {
	err, late := s.fail(call)
	if err != nil && !late {
		return result, err
	}
	result, doErr := do()
	return result, errors.Join(doErr, err)
}

func (s saboteur) ContainerCreate(ctx context.Context, o client.ContainerCreateOptions) (client.ContainerCreateResult, error) {
	return sabotaged(s, "create", func() (client.ContainerCreateResult, error) { return s.APIClient.ContainerCreate(ctx, o) })
}

func (s saboteur) ContainerAttach(ctx context.Context, id string, o client.ContainerAttachOptions) (client.ContainerAttachResult, error) {
	return sabotaged(s, "attach", func() (client.ContainerAttachResult, error) { return s.APIClient.ContainerAttach(ctx, id, o) })
}

func (s saboteur) ContainerStart(ctx context.Context, id string, o client.ContainerStartOptions) (client.ContainerStartResult, error) {
	return sabotaged(s, "start", func() (client.ContainerStartResult, error) { return s.APIClient.ContainerStart(ctx, id, o) })
}

func (s saboteur) ContainerKill(ctx context.Context, id string, o client.ContainerKillOptions) (client.ContainerKillResult, error) {
	return sabotaged(s, "kill", func() (client.ContainerKillResult, error) { return s.APIClient.ContainerKill(ctx, id, o) })
}

func (s saboteur) ContainerPause(ctx context.Context, id string, o client.ContainerPauseOptions) (client.ContainerPauseResult, error) {
	return sabotaged(s, "pause", func() (client.ContainerPauseResult, error) { return s.APIClient.ContainerPause(ctx, id, o) })
}

// Address returns a server's address in its network.
func Address(of any) string {
	s := of.(*server)
	return s.cluster.subnet.server(s.id).String()
}

// Owned lists everything on the engine that the process owns.
func Owned(ctx context.Context, pid string) (ids []string, err error) {
	return listed(ctx, make(client.Filters).Add("label", labelPID+"="+pid))
}

// LeftOf lists everything on the engine that belongs to an ensemble.
func LeftOf(ctx context.Context, e any) (ids []string, err error) {
	return listed(ctx, ofRun(e.(*cluster).run.id))
}

// listed lists everything on the engine that filters let through.
func listed(ctx context.Context, mine client.Filters) (ids []string, err error) {
	engine, err := openEngine(ctx)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	containers, err := engine.Client().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	if err != nil {
		return nil, err
	}
	networks, err := engine.Client().NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	if err != nil {
		return nil, err
	}
	volumes, err := engine.Client().VolumeList(ctx, client.VolumeListOptions{Filters: mine})
	if err != nil {
		return nil, err
	}
	for _, v := range volumes.Items {
		ids = append(ids, "volume "+v.Name)
	}
	for _, c := range containers.Items {
		ids = append(ids, "container "+c.ID)
	}
	for _, n := range networks.Items {
		ids = append(ids, "network "+n.ID)
	}
	return ids, nil
}

// Logged reports whether the server's log has a transaction on a znode.
func Logged(ctx context.Context, of any, path string) (bool, error) {
	log, err := of.(*server).readLog(ctx)
	return slices.ContainsFunc(log.Entries, func(e txnlog.Entry) bool { return e.Txn.Path == path }), err
}
