package container_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

func TestNoEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	_, err := container.Config{}.Start(t.Context())
	if !errors.Is(err, container.ErrNoEngine) || strings.Contains(err.Error(), "\n") {
		t.Errorf("start: %q", err)
	}
	if _, _, err := container.Clean(t.Context(), true); !errors.Is(err, container.ErrNoEngine) {
		t.Errorf("clean: %v", err)
	}
	if f := container.Check(t.Context(), container.Config{}); len(f) != 1 || f[0].OK {
		t.Errorf("check: %v", f)
	}
}
