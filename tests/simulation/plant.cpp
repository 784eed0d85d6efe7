// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// plant MUTATIONS INCLUDE OUT: copies the headers below INCLUDE/patchbay to OUT/patchbay, and plants every mutation of the
// folder MUTATIONS in the copy, each behind a switch at run time; OUT/patchbay_mutations/ gets the switches and the catalogue.
// So one compilation of the campaign can run with any of the bugs, or with none, and the headers themselves know nothing of it.
//
// One mutation is one file `name.mutation`:
//
//     # A comment.
//     what: What was planted, in one sentence.
//     rows: I5 A2
//     mix: writers
//     seeds: 40
//
//     file: protocol/transition.hpp
//     find | snapshot.flow_node != request.from()
//     put  | !planted() && original()
//
// `rows` are the invariants and hazards whose fault it puts back, `mix` is the mix of workloads that suits it, and within
// `seeds` seeds it must be caught. Any number of edits follow: the text to find, which must occur exactly once in that file,
// and what takes its place, in which `planted()` is the mutation's switch and `original()` the text that was found. Lines that
// begin with `|` go on with the text. Edits of several mutations may meet in one place: one that lies within another's text
// goes where that one says `original()`.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& where, const std::string& why) {
  std::cerr << where << ": " << why << '\n';
  std::exit(1);
}

struct Edit {
  std::string mutation, where;  // its name, and the line of its file
  std::string file, find, put;
  std::size_t at = 0;           // in the header

  [[nodiscard]] std::size_t end() const { return at + find.size(); }
};

struct Mutation {
  std::string name, what, rows, mix;
  int seeds = 0;
};

struct Catalogue {
  std::vector<Mutation> mutations;
  std::vector<Edit> edits;
};

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path.string(), "cannot be read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
/// What has not changed keeps its time, so that nothing is compiled again for it.
void write_file(const fs::path& path, const std::string& text) {
  if (fs::exists(path) && read_file(path) == text) return;
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) fail(path.string(), "cannot be written");
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Reads one file of the format above.
void read_mutation(const fs::path& path, Catalogue& out) {
  Mutation mutation;
  mutation.name = path.stem().string();
  const std::string allowed = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (mutation.name.find_first_not_of(allowed) != std::string::npos) fail(path.string(), "the name is no plain identifier");
  std::istringstream lines(read_file(path));
  std::string line, file;
  std::string* text = nullptr;  // that a line which begins with | goes on with
  std::size_t edits = 0, number = 0;
  while (std::getline(lines, line)) {
    const std::string where = path.string() + ":" + std::to_string(++number);
    if (trimmed(line).empty() || line[0] == '#') {
      text = nullptr;
      continue;
    }
    const std::size_t bar = line.find('|'), colon = line.find(':');
    if (bar < colon) {
      const std::string_view key = trimmed(std::string_view(line).substr(0, bar));
      const std::string rest = line.substr(std::min(bar + 2, line.size()));
      if (key == "find") {
        if (file.empty()) fail(where, "no file was named");
        Edit& edit = out.edits.emplace_back();
        edit.mutation = mutation.name, edit.where = where, edit.file = file, edit.find = rest;
        text = &edit.find;
        ++edits;
      } else if (key == "put") {
        if (edits == 0 || !text || text != &out.edits.back().find) fail(where, "`put` does not follow its `find`");
        out.edits.back().put = rest;
        text = &out.edits.back().put;
      } else if (key.empty() && text) {
        text->append("\n").append(rest);
      } else {
        fail(where, "expected `find |` or `put |`");
      }
      continue;
    }
    if (colon == std::string::npos) fail(where, "expected `key: value`");
    const std::string_view key = trimmed(std::string_view(line).substr(0, colon));
    const std::string value(trimmed(std::string_view(line).substr(colon + 1)));
    text = nullptr;
    if (key == "what") mutation.what = value;
    else if (key == "rows") mutation.rows = value;
    else if (key == "mix") mutation.mix = value;
    else if (key == "seeds") mutation.seeds = std::atoi(value.c_str());
    else if (key == "file") file = value;
    else fail(where, "unknown key");
  }
  if (edits == 0) fail(path.string(), "holds no edit");
  if (mutation.what.empty() || mutation.rows.empty() || mutation.mix.empty() || mutation.seeds < 1)
    fail(path.string(), "lacks one of `what`, `rows`, `mix` and `seeds`");
  // Some of its edits may be declarations.
  bool switched = false;
  for (std::size_t i = out.edits.size() - edits; i < out.edits.size(); ++i)
    switched = switched || out.edits[i].put.find("planted()") != std::string::npos;
  if (!switched) fail(path.string(), "does not say when: `planted()` is missing");
  out.mutations.push_back(std::move(mutation));
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

/// Applies edits[first, last) to source[begin, end); they are sorted, outer before inner.
std::string apply(const std::vector<Edit>& edits, std::size_t first, std::size_t last, const std::string& source, std::size_t begin,
                  std::size_t end) {
  std::string out;
  while (first != last) {
    const Edit& edit = edits[first];
    std::size_t next = first + 1;
    while (next != last && edits[next].at < edit.end()) {
      if (edits[next].end() > edit.end()) fail(edits[next].where, "overlaps with " + edit.where);
      ++next;
    }
    std::string put = edit.put;
    if (next != first + 1 && put.find("original()") == std::string::npos)
      fail(edits[first + 1].where, "lies within what " + edit.where + " finds, which does not say `original()`");
    replace_all(put, "planted()", "::patchbay_mutations::planted(::patchbay_mutations::Mutation::" + edit.mutation + ")");
    replace_all(put, "original()", apply(edits, first + 1, next, source, edit.at, edit.end()));
    out.append(source, begin, edit.at - begin).append(put);
    begin = edit.end();
    first = next;
  }
  return out.append(source, begin, end - begin);
}

/// The header with all its edits.
std::string planted(std::vector<Edit> edits, const std::string& source) {
  for (Edit& edit : edits) {
    edit.at = source.find(edit.find);
    if (edit.at == std::string::npos) fail(edit.where, "the text to find is not in " + edit.file);
    if (source.find(edit.find, edit.at + 1) != std::string::npos) fail(edit.where, "the text to find is in " + edit.file + " more than once");
  }
  std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.at != b.at ? a.at < b.at : a.end() > b.end(); });
  std::string out = apply(edits, 0, edits.size(), source, 0, source.size());
  const std::string once = "#pragma once\n";
  const std::size_t at = out.find(once);
  if (at == std::string::npos) fail(edits.front().file, "has no `#pragma once`");
  return out.insert(at + once.size(), "#include <patchbay_mutations/planted.hpp>\n");
}

std::string c_literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string switches(const std::vector<Mutation>& mutations) {
  std::ostringstream out;
  out << "#pragma once\n\n#include <type_traits>  // is_constant_evaluated\n\nnamespace patchbay_mutations {\n\nenum class Mutation : int {\n";
  for (const Mutation& each : mutations) out << "  " << each.name << ",\n";
  out << "};\n\n/// The mutation that is switched on; none: -1.\ninline int active = -1;\n"
         "inline bool is_active(int mutation) noexcept { return active == mutation; }\n"
         "constexpr bool planted(Mutation mutation) noexcept {\n"
         "  return std::is_constant_evaluated() ? false : is_active(static_cast<int>(mutation));\n}\n\n"
         "}  // namespace patchbay_mutations\n";
  return out.str();
}

std::string catalogue(const std::vector<Mutation>& mutations) {
  std::ostringstream out;
  out << "#pragma once\n\nnamespace patchbay_mutations {\n\nstruct Entry {\n  const char* name;\n  const char* what;\n  const char* rows;\n"
         "  const char* mix;\n  int seeds;\n};\ninline constexpr Entry catalogue[] = {\n";
  for (const Mutation& each : mutations)
    out << "    {" << c_literal(each.name) << ", " << c_literal(each.what) << ", " << c_literal(each.rows) << ", " << c_literal(each.mix) << ", "
        << each.seeds << "},\n";
  out << "};\n\n}  // namespace patchbay_mutations\n";
  return out.str();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "plant MUTATIONS INCLUDE OUT\n";
    return 2;
  }
  const fs::path folder = arguments[1], include = arguments[2], out = arguments[3];
  std::set<fs::path> files;
  for (const auto& each : fs::directory_iterator(folder))
    if (each.path().extension() == ".mutation") files.insert(each.path());
  Catalogue all;
  for (const fs::path& each : files) read_mutation(each, all);

  std::map<std::string, std::vector<Edit>> by_file;
  for (const Edit& each : all.edits) by_file[each.file].push_back(each);
  std::set<fs::path> written;
  for (const auto& each : fs::recursive_directory_iterator(include / "patchbay")) {
    if (!each.is_regular_file()) continue;
    const fs::path name = each.path().lexically_relative(include / "patchbay");
    const std::string source = read_file(each.path());
    const auto edits = by_file.find(name.generic_string());
    write_file(out / "patchbay" / name, edits == by_file.end() ? source : planted(edits->second, source));
    if (edits != by_file.end()) by_file.erase(edits);
    written.insert(name);
  }
  if (!by_file.empty()) fail(by_file.begin()->second.front().where, "there is no file " + by_file.begin()->first);
  std::vector<fs::path> stale;
  for (const auto& each : fs::recursive_directory_iterator(out / "patchbay"))
    if (each.is_regular_file() && !written.count(each.path().lexically_relative(out / "patchbay"))) stale.push_back(each.path());
  for (const fs::path& each : stale) fs::remove(each);
  write_file(out / "patchbay_mutations" / "planted.hpp", switches(all.mutations));
  write_file(out / "patchbay_mutations" / "catalogue.hpp", catalogue(all.mutations));
  return 0;
}
