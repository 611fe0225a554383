package onerun

import (
	"cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/reports/internal/pages"
)

// PageOf returns the address of the documentation that says what a property of a model means and
// how it is checked. It returns "" for a property that zklab does not declare.
func PageOf(model, property string) string {
	m := models.Named(model)
	switch {
	case !checker.Promises(model, property) && !checker.Common(model, property):
		return ""
	case checker.Common(model, property):
		return pages.Docs + "checking-common.md#" + property
	case m.Store && checker.Meaning(model, property) == checker.Meaning(models.Session.Name, property): // also of a register
		return pages.Docs + "checking-session.md#" + property
	case m.Store:
		return pages.Docs + "checking-register.md#" + property
	}
	return pages.Docs + "recipes/" + cmp.Or(m.Page, model) + ".md#" + property
}
