"""Who says what when: the gateway's rules, without clocks, sockets, files or chance.

The duties of whoever runs the machines of this folder (``gateway/`` on trio, a simulation on an event heap):

1. feed every event to ``Node.handle`` with the present ``Moment``;
2. carry out the returned commands, each without making another wait;
3. answer every command that carries an id by the event named beside it in ``commands.py``; ``Send`` is asked for only
   after ``Journaled``, so whatever was sent was durable before its first byte;
4. feed ``TimePassed`` when ``Node.deadline`` comes;
5. when a link or connection ends, tell first what became of the frames given to it, then that it is gone.
"""
