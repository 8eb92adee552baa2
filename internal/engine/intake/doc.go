// Package intake takes files of patients and visits in: it validates a whole file before anything is written,
// applies it in short transactions that go on after a crash, holds back the messages of a first or stormy
// import until a person releases them, and can undo what it wrote. It refuses to guess what a row means and to
// touch a field that another source owns.
package intake
