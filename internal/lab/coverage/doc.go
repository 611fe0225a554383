// Package coverage records which behaviours the runs of a test or a sweep met, and estimates how many they have not
// met. It knows runs by their histories, and judges none.
//
// The runs are samples, the behaviours are species, and a behaviour counts once for each run that met it (Böhme, "STADS:
// Software Testing as Species Discovery", 2018). So the estimators for incidence data apply.
package coverage
