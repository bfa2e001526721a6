// What is put in frames: whose it may be, and where it goes.
#include "commands/filesrv/frame_talk.hpp"

namespace netkit::filesrv {

Result<Located> FrameTalk::locate(const transfer::Put& put) const {
  Result<Located> located = depot_.locate(put.path);
  if (!located) return located;
  if (!located->share || (located->path.empty() && !put.folder))
    return Error{Errc::refused, "store the file", "name one of the shares"};
  if (Status may = visitor_.let(Right::write, *located->share, "put", located->path); !may)
    return may.error();
  return located;
}

void FrameTalk::stored(const transfer::Put& file) {
  const Result<Located> located = depot_.locate(file.path);
  if (located && located->share) visitor_.stored(*located->share, located->path, file.size);
}

Result<FileDescriptor> FrameTalk::make_folder(const transfer::Put& folder) {
  const Result<Located> located = locate(folder);
  if (!located) return located.error();
  return located->share->root.make_folder(located->path);
}

Result<transfer::Place> FrameTalk::admit(const transfer::Put& file) {
  const Result<Located> located = locate(file);
  if (!located) return located.error();
  if (Status whole = transfer::check_not_part(located->path); !whole) return whole.error();
  // What others began there is none of theirs who come to drop something.
  if (file.resume && depot_.settings().drop_box)
    return Error{Errc::refused, "go on with the file", "a drop box takes files as a whole"};
  if (Status fits = depot_.check_room(file.size); !fits) return fits.error();
  return located->share->root.make_place(located->path);
}

}  // namespace netkit::filesrv
