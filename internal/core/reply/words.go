package reply

import (
	"bytes"
	"embed"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/fold"
)

//go:embed words/*.yaml
var shipped embed.FS

// Words are the word tables of all languages. They are immutable; pass the pointer.
type Words struct {
	names      []string
	bits       map[string]uint32
	phrases    map[string][]phrase // by first word
	patterns   [classes]index
	numbers    map[string]number
	leads      map[string]bool
	vocabulary map[string]bool
	bySize     map[int][]known             // by runes
	plain      map[string]map[string]Plain // by language, then by the folded words
}

type number struct {
	digit string
	langs uint32
}

type known struct {
	word  string
	langs uint32
}

// table is one language's file.
type table struct {
	Language     string            `yaml:"language"`
	Polite       []string          `yaml:"polite"`
	Thanks       []string          `yaml:"thanks"`
	Confirm      []string          `yaml:"confirm"`
	Cancel       []string          `yaml:"cancel"`
	Reschedule   []string          `yaml:"reschedule"`
	Question     []string          `yaml:"question"`
	Asking       []string          `yaml:"asking"`
	Urgent       []string          `yaml:"urgent"`
	WrongNumber  []string          `yaml:"wrong_number"`
	AutoReply    []string          `yaml:"auto_reply"`
	OptOutSure   []string          `yaml:"opt_out_sure"`
	OptOutLikely []string          `yaml:"opt_out_likely"`
	NotOptOut    []string          `yaml:"not_opt_out"`
	Fillers      []string          `yaml:"fillers"`
	Numbers      map[string]string `yaml:"numbers"`
	NumberLeads  []string          `yaml:"number_leads"`
	Invites      []string          `yaml:"invites"`
	PlainYes     []string          `yaml:"plain_yes"`
	PlainNo      []string          `yaml:"plain_no"`
}

// LoadWords reads the shipped tables.
func LoadWords() (*Words, error) {
	dir, err := fs.Sub(shipped, "words")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the shipped word tables are missing", err)
	}
	return ParseWords(dir)
}

// ParseWords reads every .yaml of a folder, one language each.
func ParseWords(dir fs.FS) (*Words, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the folder of word tables cannot be listed", err)
	}
	b := builder{w: &Words{bits: map[string]uint32{}, phrases: map[string][]phrase{}, numbers: map[string]number{},
		leads: map[string]bool{}, vocabulary: map[string]bool{}, bySize: map[int][]known{}, plain: map[string]map[string]Plain{}}, vocab: map[string]uint32{}}
	for _, name := range names {
		raw, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, errs.Wrap(errs.Unavailable, "the word table "+name+" cannot be read", err)
		}
		var t table
		dec := yaml.NewDecoder(bytes.NewReader(raw))
		dec.KnownFields(true)
		if err := dec.Decode(&t); err != nil {
			return nil, errs.Wrap(errs.Invalid, "the word table "+name+" has an unknown field or broken YAML", err)
		}
		if t.Language != strings.TrimSuffix(path.Base(name), ".yaml") || len(b.w.names) >= 30 {
			return nil, errs.New(errs.Invalid, "the word table's language and its name differ").At(name)
		}
		if err := b.add(t); err != nil {
			return nil, errs.Wrap(errs.Invalid, name+": "+errs.Safe(err), err)
		}
	}
	b.finish()
	return b.w, nil
}

// builder gathers tables.
type builder struct {
	w        *Words
	patterns [classes][]pattern
	vocab    map[string]uint32
}

func (b *builder) add(t table) error {
	lang := len(b.w.names)
	b.w.names = append(b.w.names, t.Language)
	b.w.bits[t.Language] = 1 << lang
	for _, list := range []struct {
		intent  Intent
		phrases []string
	}{{polite, t.Polite}, {Thanks, t.Thanks}, {Confirm, t.Confirm}, {Cancel, t.Cancel}, {Reschedule, t.Reschedule},
		{Question, t.Question}, {asking, t.Asking}, {filler, t.Fillers}, {inviting, t.Invites}} {
		for _, s := range list.phrases {
			if err := b.phrase(lang, list.intent, s); err != nil {
				return err
			}
		}
	}
	for c, list := range [classes][]string{t.Urgent, t.WrongNumber, t.AutoReply, t.OptOutSure, t.OptOutLikely, t.NotOptOut} {
		for _, s := range list {
			es, err := parsePattern(s, foldedWords)
			if err != nil {
				return errs.Wrap(errs.Invalid, "pattern \""+s+"\" is not understood", err)
			}
			b.patterns[c] = append(b.patterns[c], pattern{class(c), lang, es})
		}
	}
	for w, d := range t.Numbers {
		key := fold.Key(w)
		b.w.numbers[key] = number{d, b.w.numbers[key].langs | 1<<lang}
	}
	for _, l := range t.NumberLeads {
		b.w.leads[fold.Key(l)] = true
	}
	return b.plain(t)
}

func (b *builder) phrase(lang int, intent Intent, s string) error {
	words := foldedWords(s)
	if len(words) == 0 {
		return errs.New(errs.Invalid, "a phrase has no letters")
	}
	p := phrase{words: words, intent: intent, lang: lang, langs: 1 << lang}
	if len(words) == 1 && utf8.RuneCountInString(words[0]) == 1 && words[0][0] < utf8.RuneSelf {
		p.langs |= oneLetter
	}
	for _, old := range b.w.phrases[words[0]] {
		if old.lang == lang && old.intent == intent && fold.Join(old.words) == fold.Join(words) {
			return nil
		}
	}
	b.w.phrases[words[0]] = append(b.w.phrases[words[0]], p)
	for _, w := range words {
		b.vocab[w] |= 1 << lang
	}
	return nil
}

func (b *builder) finish() {
	for c := range b.patterns {
		b.w.patterns[c] = newIndex(b.patterns[c])
	}
	for w, langs := range b.vocab {
		b.w.vocabulary[w] = true
		n := utf8.RuneCountInString(w)
		b.w.bySize[n] = append(b.w.bySize[n], known{w, langs})
	}
}

// foldedWords folds a table entry like a message.
func foldedWords(s string) []string {
	words, _ := split(fold.Of(s))
	return words
}

// Languages lists the languages with a table, sorted by file name.
func (w *Words) Languages() []string { return append([]string(nil), w.names...) }

// bit is the language's bit, 0 when there is no table. pt-BR is pt.
func (w *Words) bit(tag string) uint32 {
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	return w.bits[tag]
}
