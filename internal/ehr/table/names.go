package table

import (
	"slices"
	"strings"
	"unicode"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/engine/intake"
)

// name takes given and family name, or splits a whole name where it says itself which part is which.
func (r *reader) name(row *intake.PatientRow) {
	row.Given, row.Family = r.text(intake.FieldGivenName), r.text(intake.FieldFamilyName)
	for _, f := range []intake.Field{intake.FieldFullName, intake.FieldFamilyFirst, intake.FieldAnyName} {
		if !row.Given.IsEmpty() || !row.Family.IsEmpty() {
			return
		}
		s := r.cell(f)
		if s == "" {
			continue
		}
		given, family, ok := splitName(s, f)
		if !ok {
			r.problem(f, intake.UnclearName, "nobody can tell which part is the family name; write \"Nowak, Anna\", use two columns, or map the column to full_name or full_name_family_first", s)
			return
		}
		row.Given, row.Family = phi.T(given), phi.T(family)
	}
	if row.Given.IsEmpty() && row.Family.IsEmpty() {
		r.problem(intake.FieldFamilyName, intake.Missing, "the name is missing", "")
	}
}

// NameOrders are what a column of whole names can be told to be, with how an example reads then. It is empty for a name that
// says itself which part is which.
func NameOrders(example string) []NameOrder {
	if _, _, ok := splitName(strings.TrimSpace(example), intake.FieldAnyName); ok || strings.TrimSpace(example) == "" {
		return nil
	}
	var out []NameOrder
	for _, f := range []intake.Field{intake.FieldFullName, intake.FieldFamilyFirst} {
		if given, family, ok := splitName(strings.TrimSpace(example), f); ok {
			out = append(out, NameOrder{Field: f, Given: given, Family: family})
		}
	}
	return out
}

// NameOrder is one way to read a whole name.
type NameOrder struct {
	Field         intake.Field
	Given, Family string
}

// splitName tells the parts of a whole name. A comma ends the family name; Han names begin with it; two words are in
// the order that the column says. A single word is a family name. Everything else could be read in two ways.
func splitName(s string, order intake.Field) (given, family string, ok bool) {
	if before, after, comma := strings.Cut(s, ","); comma {
		given, family = strings.TrimSpace(after), strings.TrimSpace(before)
		return given, family, family != "" && !strings.Contains(after, ",")
	}
	words := strings.Fields(s)
	if !strings.ContainsFunc(s, func(c rune) bool { return !unicode.Is(unicode.Han, c) && c != ' ' && c != '\u3000' && c != '·' }) {
		return splitHan(words)
	}
	switch {
	case len(words) == 1:
		return "", s, true
	case len(words) == 2 && order == intake.FieldFullName:
		return words[0], words[1], true
	case len(words) == 2 && order == intake.FieldFamilyFirst:
		return words[1], words[0], true
	}
	return "", "", false
}

// twoHan are family names of two characters.
var twoHan = strings.Fields("欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 司徒 司空 夏侯 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 宇文 长孙 長孫 轩辕 軒轅 东方 東方 独孤 獨孤 南宫 南宮 西门 西門 端木 百里 呼延 申屠 太史 闻人 聞人 澹台 公冶 宗政 濮阳 濮陽 淳于 单于 單于 仲孙 仲孫 钟离 鍾離 鲜于 鮮于 闾丘 拓跋 赫连 赫連 万俟 第五")

func splitHan(words []string) (given, family string, ok bool) {
	if len(words) == 2 {
		return words[1], words[0], true
	}
	if len(words) != 1 || strings.Contains(words[0], "·") {
		return "", "", false // a name of another tongue in Han characters
	}
	c := []rune(words[0])
	switch {
	case len(c) == 1:
		return "", words[0], true
	case len(c) >= 3 && len(c) <= 4 && slices.Contains(twoHan, string(c[:2])):
		return string(c[2:]), string(c[:2]), true
	case len(c) <= 3:
		return string(c[1:]), string(c[:1]), true
	}
	return "", "", false
}
