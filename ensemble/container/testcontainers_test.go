package container

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"

	"github.com/zklab/zklab/internal/testkit/must"
)

const roleVariable = "ZKLAB_TEST_ROLE"

// The user's settings for testcontainers have no effect here: the reaper is off, the engine, that of a Docker
// context, and the image are those that zklab has chosen, and nothing is printed.
func TestUsersTestcontainersSettings(t *testing.T) {
	switch os.Getenv(roleVariable) {
	case "create":
		createOne(t)
		return
	case "reaper first":
		os.Setenv(reaperVariable, "false")
		if _, err := openEngine(t.Context()); !errors.Is(err, errReaper) {
			t.Error(err)
		}
		return
	}
	for _, role := range []string{"create", "reaper first"} {
		t.Run(role, func(t *testing.T) {
			fake, said := runChild(t, role)
			if said != "PASS\n" {
				t.Errorf("it said:\n%s", said)
			}
			if role != "create" {
				return
			}
			want := fmt.Sprintf(`[image %s of me on none without ports]`, localImage)
			if got := fmt.Sprint(fake.created); got != want {
				t.Errorf("created %s, want %s", got, want)
			}
			if strings.Contains(fake.asked, "mirror.example") || strings.Contains(fake.asked, "/images/create") {
				t.Errorf("asked for:\n%s", fake.asked)
			}
		})
	}
}

func createOne(t *testing.T) {
	engine := must.Get(openEngine(t.Context()))(t)
	defer engine.Close()
	if _, err := create(t.Context(), engine, testcontainers.ContainerRequest{
		Image:              localImage,
		ConfigModifier:     func(c *container.Config) { c.User = "me" },
		HostConfigModifier: func(h *container.HostConfig) { h.NetworkMode = "none" },
	}); err != nil {
		t.Error(err)
	}
}

// runChild runs the test in a separate process, with settings that would do harm.
func runChild(t *testing.T, role string) (*fakeEngine, string) {
	t.Helper()
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".testcontainers.properties"),
		"ryuk.disabled=false\ntc.host=tcp://127.0.0.1:1\nhub.image.name.prefix=mirror.example\n")
	fake := &fakeEngine{}
	server := httptest.NewServer(fake)
	defer server.Close()
	writeFile(t, filepath.Join(home, "docker"), "#!/bin/sh\necho tcp://"+server.Listener.Addr().String()+"\n")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUsersTestcontainersSettings$")
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "HOME="+home, "PATH="+home, "DOCKER_HOST=", reaperVariable+"=false")
	said, _ := cmd.CombinedOutput() // the output tells of a failure
	return fake, string(said)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	must.Do(t, os.WriteFile(name, []byte(text), 0o700))
}

// created is the request that the engine got.
type created struct {
	container.Config
	HostConfig container.HostConfig
}

func (c created) String() string {
	ports := "without ports"
	if len(c.ExposedPorts)+len(c.HostConfig.PortBindings) > 0 {
		ports = fmt.Sprint(c.ExposedPorts, c.HostConfig.PortBindings)
	}
	if c.Labels["org.testcontainers.reap"] != "" {
		ports += " for the reaper"
	}
	return fmt.Sprintf("image %s of %s on %s %s", c.Image, c.User, c.HostConfig.NetworkMode, ports)
}

// fakeEngine claims to have every image, with a port, and pretends to create containers.
type fakeEngine struct {
	sync.Mutex
	asked   string
	created []created
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Lock()
	defer f.Unlock()
	f.asked += r.URL.String() + "\n"
	w.Header().Set("Api-Version", "1.47")
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/containers/create") {
		var c created
		err := json.NewDecoder(r.Body).Decode(&c)
		f.created = append(f.created, c)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"Id": "%064d", "Warnings": [%q]}`, 1, fmt.Sprint(err))
		return
	}
	fmt.Fprint(w, `{"Config": {"ExposedPorts": {"2181/tcp": {}}}}`)
}

func TestOnHub(t *testing.T) {
	for image, want := range map[string]string{
		"zookeeper":                 "index.docker.io/library/zookeeper",
		"zklab/zookeeper:3.9":       "index.docker.io/zklab/zookeeper:3.9",
		"docker.io/zookeeper:3.9":   "index.docker.io/library/zookeeper:3.9",
		"localhost:5000/zookeeper":  "",
		"ghcr.io/me/zookeeper:3.9":  "",
		strings.Repeat("0a", 32):    "",
		"127.0.0.1:1/absent:latest": "",
	} {
		if got := onHub(image); got != cmp.Or(want, image) {
			t.Errorf("%s: %s", image, got)
		}
	}
}

var errUnhealthy = errors.New("unhealthy")

// No server counts as ready before the last one was started and all are healthy.
func TestReadyTogether(t *testing.T) {
	for _, healthy := range []error{nil, errUnhealthy} {
		synctest.Test(t, func(t *testing.T) {
			looked := 0
			h := newHealth(t.Context(), 2, func(context.Context) error { looked++; return healthy })
			first := make(chan error, 1)
			go func() { first <- h.WaitUntilReady(t.Context(), nil) }()
			synctest.Wait()
			if len(first) > 0 || looked > 0 {
				t.Error("it does not wait for the second server")
			}
			for _, err := range []error{h.WaitUntilReady(t.Context(), nil), <-first} {
				if !errors.Is(err, healthy) || healthy != nil && !errors.As(err, new(unready)) {
					t.Errorf("%v, want %v", err, healthy)
				}
			}
			if looked != 1 {
				t.Errorf("looked %d times", looked)
			}
		})
	}
}

// A server does not wait for another one that could not be started.
func TestReadyWithoutTheOther(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	h := newHealth(ctx, 2, nil)
	cancel(errUnhealthy)
	if err := h.WaitUntilReady(t.Context(), nil); !errors.Is(err, errUnhealthy) {
		t.Error(err)
	}
}
