package container

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/internal/testkit/must"
)

func TestUsualHosts(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	t.Setenv("HOME", "/home/joe")
	want := []string{
		client.DefaultDockerHost, "unix:///run/user/7/docker.sock",
		"unix:///home/joe/.docker/run/docker.sock", "unix:///home/joe/.docker/desktop/docker.sock",
	}
	if d := cmp.Diff(want, usualHosts()); d != "" {
		t.Error(d)
	}
}

// Only an engine that answers counts as reached.
func TestReach(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "docker.sock")
	if _, err := reach(t.Context(), "unix://"+socket); err == nil {
		t.Error("nobody listens there")
	}
	l := must.Get(net.Listen("unix", socket))(t)
	served := make(chan error)
	s := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.44") })}
	go func() { served <- s.Serve(l) }()
	engine, err := reach(t.Context(), "unix://"+socket)
	if err != nil || engine.DaemonHost() != "unix://"+socket {
		t.Fatal(err)
	}
	engine.Close()
	s.Shutdown(context.Background())
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	t.Setenv(client.EnvOverrideHost, "unix://"+socket)
	if _, err := openEngine(t.Context()); !errors.Is(err, ErrNoEngine) {
		t.Error(err)
	}
}

// An engine that exists but may not be used is reported as forbidden.
func TestForbiddenEngine(t *testing.T) {
	err := noEngine(errors.New("permission denied while trying to connect to the docker API at unix:///var/run/docker.sock"))
	if !errors.Is(err, ErrNoEngine) || !strings.HasPrefix(err.Error(), "this user may not use the Docker engine: add the user to the group") || !strings.Contains(err.Error(), "docker.sock") {
		t.Error(err)
	}
	if err := noEngine(errors.New("no such file")); !errors.Is(err, ErrNoEngine) || !strings.HasPrefix(err.Error(), "no Docker engine answers: start it") {
		t.Error(err)
	}
}

// An engine that the user has chosen is the only one that is tried.
func TestHosts(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	t.Setenv("DOCKER_HOST", "")
	t.Setenv("DOCKER_CONTEXT", "")
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	docker := func(script string) {
		t.Helper()
		must.Do(t, os.WriteFile(filepath.Join(bin, "docker"), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	}
	usual := func(what string) {
		t.Helper()
		if got, err := hosts(t.Context()); err != nil || got[0] != client.DefaultDockerHost || !slices.Contains(got, "unix:///run/user/7/docker.sock") {
			t.Errorf("%s: %q", what, got)
		}
	}
	usual("without Docker's command")
	docker("exit 1")
	usual("no context")
	t.Setenv("DOCKER_CONTEXT", "typo")
	if got, err := hosts(t.Context()); err == nil {
		t.Errorf("of a context that is not there: %q", got)
	}
	if _, err := openEngine(t.Context()); !errors.Is(err, ErrNoEngine) || !strings.Contains(err.Error(), `DOCKER_CONTEXT is "typo"`) {
		t.Error(err)
	}
	t.Setenv("DOCKER_CONTEXT", "")
	docker("echo " + client.DefaultDockerHost)
	usual("the usual context")

	docker(`[ "$1 $2" = "context inspect" ] && echo unix:///chosen.sock`)
	if got, err := hosts(t.Context()); err != nil || !slices.Equal(got, []string{"unix:///chosen.sock"}) {
		t.Errorf("of a context: %q", got)
	}
	t.Setenv("DOCKER_HOST", "unix:///named.sock")
	if got, err := hosts(t.Context()); err != nil || !slices.Equal(got, []string{"unix:///named.sock"}) {
		t.Errorf("of the environment: %q", got)
	}
}
