package mailstore

// Names of the files in a Maildir, and the flags in them.

import (
	"runtime"
	"slices"
	"strings"
)

// infoSeparator is between the name of a message and its flags. Names of files on Windows can't have the usual one.
func infoSeparator() string {
	if runtime.GOOS == "windows" {
		return "!"
	}
	return ":"
}

// splitFileName returns the name of a message, which stays, and the letters of its flags. What follows the separator in
// another form than "2,letters" is part of the name.
func splitFileName(file, separator string) (name, letters string) {
	i := strings.LastIndex(file, separator+"2,")
	if i <= 0 {
		return file, ""
	}
	return file[:i], file[i+len(separator)+len("2,"):]
}

// joinFileName is the reverse of splitFileName. The letters are sorted, and each is there once, as they must be.
func joinFileName(name, letters, separator string) string {
	sorted := []byte(letters)
	slices.Sort(sorted)
	return name + separator + "2," + string(slices.Compact(sorted))
}

// flagLetters are the letters of flags in names of files, in the order of the letters. P stands for "passed on".
var flagLetters = [...]struct {
	letter byte
	flag   string
}{
	{'D', `\Draft`}, {'F', `\Flagged`}, {'P', "$Forwarded"}, {'R', `\Answered`}, {'S', `\Seen`}, {'T', `\Deleted`},
}

// keywordLetters is how many letters, from "a" on, stand for keywords.
const keywordLetters = 26

// keywords are the keywords of a mailbox: that of the letter "a" first. A letter without one has "".
type keywords [keywordLetters]string

// letter returns the letter of a flag.
func (k *keywords) letter(flag string) (letter byte, ok bool) {
	for _, l := range flagLetters {
		if l.flag == flag {
			return l.letter, true
		}
	}
	for i, keyword := range k {
		if strings.EqualFold(keyword, flag) {
			return 'a' + byte(i), true
		}
	}
	return 0, false
}

// respell returns canonical flags with the keywords in the letter case that they have here.
func (k *keywords) respell(flags []string) []string {
	respelled := slices.Clone(flags)
	for i, flag := range flags {
		if letter, ok := k.letter(flag); ok {
			respelled[i] = k.flag(letter)
		}
	}
	slices.Sort(respelled)
	return respelled
}

// flag returns the flag of a letter, or "".
func (k *keywords) flag(letter byte) string {
	if letter >= 'a' && letter < 'a'+keywordLetters {
		return k[letter-'a']
	}
	for _, l := range flagLetters {
		if l.letter == letter {
			return l.flag
		}
	}
	return ""
}

// flags returns the flags of letters in canonical form, and the letters that stand for none, which others may know.
func (k *keywords) flags(letters string) (flags []string, unknown string) {
	for i := range len(letters) {
		if flag := k.flag(letters[i]); flag != "" {
			flags = append(flags, flag)
		} else {
			unknown += letters[i : i+1]
		}
	}
	slices.Sort(flags)
	return slices.Compact(flags), unknown
}
