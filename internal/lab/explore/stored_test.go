package explore

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A stored exploration is read again as it was written.
func TestStored(t *testing.T) {
	dir := t.TempDir()
	s := Stored{Recipe: "lock", Subject: "mine", Seed: 3, Began: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), Took: time.Second}
	s.Of(Report{Runs: 1, Always: []string{"exclusion"}}, func(steps plan.Schedule) string { return "zklab run lock" + steps.String() })
	if s.Verdict != checker.Violation || len(s.Found) != 1 || s.Found[0].Property != "exclusion" || s.Found[0].Again != "zklab run lock" {
		t.Errorf("%+v", s)
	}
	folder, err := s.Write(dir)
	if want := filepath.Join(dir, StoredIn, "lock", "2026-01-02T03-04-05.006Z"); folder != want || err != nil {
		t.Fatalf("%s, %v", folder, err)
	}
	text := must.Get(os.ReadFile(filepath.Join(folder, StoredFile)))(t)
	got, err := ParseStored(text)
	if diff := cmp.Diff(s, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := ParseStored(text[:50]); err == nil {
		t.Error("half of it was read")
	}
	must.Do(t, os.MkdirAll(filepath.Join(dir, StoredIn, "queue", "mine"), 0o755))
	elsewhere := t.TempDir()
	must.Get(s.Write(elsewhere))(t)
	must.Do(t, os.Symlink(filepath.Join(elsewhere, StoredIn, "lock"), filepath.Join(dir, StoredIn, "linked")))
	all, err := InStore(dir)
	if err != nil || len(all) != 1 || all[0].Path != folder || all[0].Recipe != "lock" || all[0].Err != nil || !cmp.Equal(all[0].Stored, s) {
		t.Fatalf("%+v, %v", all, err)
	}
	must.Do(t, os.Truncate(filepath.Join(folder, StoredFile), 50))
	if all, err = InStore(dir); err != nil || len(all) != 1 || all[0].Err == nil {
		t.Fatalf("%+v, %v", all, err)
	}
	must.Do(t, all[0].Remove())
	if all, err = InStore(dir); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := os.Stat(filepath.Join(dir, StoredIn, "lock")); err == nil {
		t.Error("the folder of the recipe is left")
	}
	if all, err = InStore(filepath.Join(dir, "nowhere")); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}
