package workloads

import "reflect"

// Own is the name of the recipe of package recipes, as a subject, and of the command that comes with zklab.
const Own = "zklab"

// LacksNew reports whether a workload of this package has no function that makes the subjects.
func LacksNew(w Workload) bool {
	v := reflect.ValueOf(w)
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != reflect.TypeFor[Lock]().PkgPath() {
		return false
	}
	made := v.FieldByName("New")
	return made.IsValid() && made.Kind() == reflect.Func && made.IsNil()
}

// InProcesses reports whether the clients of a workload can be processes of their own, with
// subjects that this program makes.
func InProcesses(w Workload) bool {
	_, served := w.(Served)
	return served
}
