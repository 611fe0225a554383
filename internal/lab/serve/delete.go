package serve

import (
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/store"
)

// toDelete is the content of the page that asks whether to delete.
type toDelete struct {
	Entries []entry
	Refused string
}

// deletable returns why entries cannot be deleted; "" if they can.
func (s *Server) deletable(chosen []entry) string {
	if s.ReadOnly {
		return "This server was started with --read-only, and deletes nothing."
	}
	for _, e := range chosen {
		if e.State == catalog.Running {
			return fmt.Sprintf("%s goes on: interrupt it first.", e.Path)
		}
	}
	return ""
}

// confirmDelete asks whether to delete the ticked entries.
func (s *Server) confirmDelete(w http.ResponseWriter, r *http.Request) {
	chosen, ok := s.chosen(w, r, r.URL.Query()["run"])
	if !ok {
		return
	}
	if len(chosen) == 0 {
		s.fail(w, r, http.StatusBadRequest, "Nothing is ticked. Tick runs or sweeps in the list.")
		return
	}
	s.show(w, r, http.StatusOK, "delete", "Delete", toDelete{chosen, s.deletable(chosen)})
}

// delete deletes the entries that the form names.
func (s *Server) delete(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if !s.hasToken(r) {
		s.fail(w, r, http.StatusForbidden, "The form is not one of this server, or the server was started again. Go back to the list, and try again.")
		return
	}
	chosen, ok := s.chosen(w, r, r.PostForm["run"])
	if !ok {
		return
	}
	if why := s.deletable(chosen); why != "" {
		s.fail(w, r, http.StatusConflict, why)
		return
	}
	for _, e := range chosen {
		if err := s.remove(e); err != nil {
			s.fail(w, r, http.StatusInternalServerError, fmt.Sprintf("%s could not be deleted: %s.", e.Path, oneLine(err)))
			return
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// remove deletes the folder of an entry. If "latest" named it, it then names another run.
func (s *Server) remove(e entry) error {
	if !s.index.folder(e.Path) {
		return fmt.Errorf("it is no longer there")
	}
	if err := s.root.RemoveAll(local(e.Path)); err != nil {
		return err
	}
	if e.Kind != catalog.Run {
		return nil
	}
	return (&store.Run{Dir: filepath.Join(s.dir, local(e.Path))}).Remove()
}
