package content

import "strings"

// Part is a stretch of two texts that are compared: in both, only in the new one, or only in the old one.
type Part struct {
	Op   PartOp
	Text string
}

// PartOp says which of two texts has a stretch.
type PartOp string

const (
	Same    PartOp = "same"
	Added   PartOp = "added"
	Removed PartOp = "removed"
)

// CompareWords compares texts word by word, CompareLines line by line. The parts in order, without what was added,
// are the old text; without what was removed, the new one.
func CompareWords(from, to string) []Part { return compare(words(from), words(to)) }

// CompareLines is CompareWords by lines.
func CompareLines(from, to string) []Part {
	return compare(strings.SplitAfter(from, "\n"), strings.SplitAfter(to, "\n"))
}

// words cuts a text behind every space; Chinese and a variable in braces are cut at each side of the braces only.
func words(s string) []string {
	var out []string
	start, inside := 0, false
	for i, r := range s {
		switch {
		case strings.HasPrefix(s[i:], "{{") || strings.HasPrefix(s[i:], "{%"):
			if i > start {
				out = append(out, s[start:i])
			}
			start, inside = i, true
		case strings.HasPrefix(s[i:], "}}") || strings.HasPrefix(s[i:], "%}"):
			out = append(out, s[start:i+2])
			start, inside = i+2, false
		case (r == ' ' || r == '\n') && !inside && i >= start:
			out = append(out, s[start:i+1])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// maxCompared bounds the table of a comparison; longer texts are shown as wholly replaced.
const maxCompared = 2000

// compare is the longest common subsequence.
func compare(from, to []string) []Part {
	if len(from)*len(to) > maxCompared*maxCompared {
		return join([]Part{{Removed, strings.Join(from, "")}, {Added, strings.Join(to, "")}})
	}
	longest := make([][]int32, len(from)+1)
	for i := range longest {
		longest[i] = make([]int32, len(to)+1)
	}
	for i := len(from) - 1; i >= 0; i-- {
		for j := len(to) - 1; j >= 0; j-- {
			if from[i] == to[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var out []Part
	i, j := 0, 0
	for i < len(from) || j < len(to) {
		switch {
		case i < len(from) && j < len(to) && from[i] == to[j]:
			out = append(out, Part{Same, from[i]})
			i, j = i+1, j+1
		case j == len(to) || i < len(from) && longest[i+1][j] >= longest[i][j+1]:
			out = append(out, Part{Removed, from[i]})
			i++
		default:
			out = append(out, Part{Added, to[j]})
			j++
		}
	}
	return join(out)
}

// join puts neighbours of one kind together and leaves empty ones out.
func join(parts []Part) []Part {
	var out []Part
	for _, p := range parts {
		switch n := len(out); {
		case p.Text == "":
		case n > 0 && out[n-1].Op == p.Op:
			out[n-1].Text += p.Text
		default:
			out = append(out, p)
		}
	}
	return out
}
