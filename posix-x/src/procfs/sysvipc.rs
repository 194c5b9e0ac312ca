//! `/proc/sysvipc`: the objects of System V IPC in the reader's namespace.

use exo_kernel::mm::PAGE_SIZE;
use exo_kernel::Result;

use super::text::line;
use super::tree::{Entry, Node};
use super::Text;
use crate::process::current;

const fn file(name: &'static str, write: fn(&(), &mut Text) -> Result<()>) -> Entry<()> {
    Entry { name, mode: 0o444, node: Node::File(write) }
}

pub(super) static ENTRIES: &[Entry<()>] = &[
    file("msg", |(), text| msg(text)),
    file("sem", |(), text| sem(text)),
    file("shm", |(), text| shm(text)),
];

fn msg(text: &mut Text) -> Result<()> {
    text.push(b"       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid");
    text.push(b"      stime      rtime      ctime\n");
    for (id, queue) in current().ipc().msg.iter() {
        let told = queue.told();
        let perm = told.perm;
        text.print(format_args!(
            "{:10} {id:10}  {:4o}  {:10} {:10} ",
            perm.key, perm.mode, told.cbytes, told.qnum
        ));
        text.print(format_args!("{:5} {:5} {:5} {:5} ", told.lspid, told.lrpid, perm.uid, perm.gid));
        text.print(format_args!("{:5} {:5} ", perm.cuid, perm.cgid));
        line!(text, "{:10} {:10} {:10}", told.stime, told.rtime, told.ctime);
    }
    Ok(())
}

fn sem(text: &mut Text) -> Result<()> {
    text.push(b"       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
    for (id, set) in current().ipc().sem.iter() {
        let told = set.told();
        let perm = told.perm;
        text.print(format_args!("{:10} {id:10}  {:4o} {:10} ", perm.key, perm.mode, told.nsems));
        text.print(format_args!("{:5} {:5} {:5} {:5} ", perm.uid, perm.gid, perm.cuid, perm.cgid));
        line!(text, "{:10} {:10}", told.otime, told.ctime);
    }
    Ok(())
}

fn shm(text: &mut Text) -> Result<()> {
    text.push(
        b"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid",
    );
    text.push(b"      atime      dtime      ctime                   rss                  swap\n");
    for (id, segment) in current().ipc().shm.iter() {
        let told = segment.told();
        let perm = told.perm;
        text.print(format_args!("{:10} {id:10}  {:4o} {:21} ", perm.key, perm.mode, told.segsz));
        text.print(format_args!("{:5} {:5}  {:5} ", told.cpid, told.lpid, told.nattch));
        text.print(format_args!("{:5} {:5} {:5} {:5} ", perm.uid, perm.gid, perm.cuid, perm.cgid));
        text.print(format_args!("{:10} {:10} {:10} ", told.atime, told.dtime, told.ctime));
        line!(text, "{:21} {:21}", segment.resident_pages() * PAGE_SIZE, 0);
    }
    Ok(())
}
