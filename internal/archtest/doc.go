// Package archtest keeps the architecture by tests: who may import whom, what the core may touch, what must
// never reach a log, who may make a scope, how large a file may grow. Each rule names its reason in the
// failure text, so that whoever breaks one learns why it stands; changing a rule takes an ADR. It refuses to
// hold anything that ships: there is no code here but tests.
package archtest
