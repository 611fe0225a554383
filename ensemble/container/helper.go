package container

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

//go:embed helper.sh
var helperLife string

// helper is one of our containers beside the servers. It carries out commands, and undoes them when its
// input ends: see helper.sh. Its methods are for one caller at a time.
type helper struct {
	engine    engine
	container *testcontainers.DockerContainer
	conn      client.HijackedResponse
	said      *io.PipeReader
	answers   *bufio.Reader // of said
	heard     chan struct{} // closed when nothing more is read from conn
}

// helperSpec describes a helper before it is started.
type helperSpec struct {
	name     string
	image    string
	commands string // a script of functions, one of them undo
	labels   map[string]string
	host     container.HostConfig
}

// startHelper starts a helper, and waits for its first answer. If it fails, it removes what it made.
func startHelper(ctx context.Context, engine engine, spec helperSpec) (*helper, error) {
	spec.host.AutoRemove = true // when the harness is gone
	spec.host.CapDrop = []string{"ALL"}
	if err := hasHelper(ctx, engine, spec.image); err != nil {
		return nil, err
	}
	made, err := create(ctx, engine, testcontainers.ContainerRequest{
		Name: spec.name, Image: spec.image, Labels: spec.labels,
		Entrypoint: []string{"/bin/sh", "-c", spec.commands + helperLife},
		ConfigModifier: func(config *container.Config) {
			config.User = "0"
			config.OpenStdin, config.StdinOnce = true, true
			config.AttachStdin, config.AttachStdout, config.AttachStderr = true, true, true
		},
		HostConfigModifier: func(host *container.HostConfig) { *host = spec.host },
	})
	if err != nil {
		return nil, engineErr("start a helper", err)
	}
	h := &helper{engine: engine, container: made}
	if err := h.begin(ctx); err != nil {
		return nil, all(engineErr("start a helper", err), h.close())
	}
	return h, nil
}

// hasHelper returns an error if the engine lacks the image of helpers.
func hasHelper(ctx context.Context, engine engine, image string) error {
	_, ok, err := present(ctx, engine, []string{image})
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s: run `zklab image build`, or name another with %s", ErrNoHelper, image, helperVariable)
	}
	return err
}

// begin attaches to the helper before it starts, so that no word is lost.
func (h *helper) begin(ctx context.Context) error {
	attached, err := h.engine.Client().ContainerAttach(ctx, h.container.ID, client.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return err
	}
	h.listen(attached.HijackedResponse)
	if err := h.container.Start(ctx); err != nil {
		return err
	}
	_, err = h.answer(ctx)
	return err
}

func (h *helper) listen(conn client.HijackedResponse) {
	said, say := io.Pipe()
	h.conn, h.heard = conn, make(chan struct{})
	h.said, h.answers = said, bufio.NewReader(said)
	go func() {
		defer close(h.heard)
		_, err := stdcopy.StdCopy(say, say, conn.Reader)
		say.CloseWithError(err)
	}()
}

// ask sends the helper a command, and returns its answer. If the helper refuses, the error is a
// refusal; after any other error the helper is useless.
func (h *helper) ask(ctx context.Context, command string) (string, error) {
	if _, err := io.WriteString(h.conn.Conn, command+"\n"); err != nil {
		return "", fmt.Errorf("the helper has ended: %w", err)
	}
	return h.answer(ctx)
}

func (h *helper) answer(ctx context.Context) (string, error) {
	stop := context.AfterFunc(ctx, h.conn.Close)
	defer stop()
	line, err := h.answers.ReadString('\n')
	if ctx.Err() != nil {
		return "", fmt.Errorf("the helper does not answer: %w", context.Cause(ctx))
	}
	if err != nil {
		return "", fmt.Errorf("the helper has ended: %s", strings.TrimSpace(line))
	}
	verdict, said, _ := strings.Cut(strings.TrimSpace(line), " ")
	said = strings.ReplaceAll(said, "|", "\n")
	switch verdict {
	case "ok":
		return said, nil
	case "no":
		return "", refusal(said)
	}
	return "", fmt.Errorf("the helper's answer is unreadable: %q", line)
}

// refusal is the reason why a helper cannot do something.
type refusal string

func (r refusal) Error() string { return oneLine{errors.New(string(r))}.Error() }

// undoTime is how long a helper has to undo what it did, before it is removed.
const undoTime = 5 * time.Second

// close ends the helper, which undoes what it did, and removes it. It does nothing for nil.
func (h *helper) close() error {
	if h == nil {
		return nil
	}
	if h.heard != nil && h.conn.CloseWrite() == nil {
		go io.Copy(io.Discard, h.said) //nolint:errcheck // ends with said
		select {
		case <-h.heard:
		case <-time.After(undoTime):
		}
	}
	return h.drop()
}

// drop removes the helper as it is. Of no helper: nil.
func (h *helper) drop() error {
	if h == nil {
		return nil
	}
	if h.heard != nil {
		h.said.Close()
		h.conn.Close()
		<-h.heard
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	return remove(ctx, h.engine, h.container)
}
