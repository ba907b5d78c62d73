"""Names of many languages, each list roughly from frequent to rare, for synthetic patients."""

GIVEN_AND_FAMILY = {
    "pt": (
        "Maria João Ana José Inês António Mariana Francisco Beatriz Manuel Leonor Pedro Catarina Tiago Matilde "
        "Miguel "
        "Joana Rui Sofia Luís Margarida Paulo Marta Nuno Teresa Ricardo Rita Carlos Filipa Gonçalo Isabel Duarte "
        "Luísa "
        "Afonso Conceição Vasco Lurdes Simão Graça Xavier",
        "Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Jesus Sousa Fernandes Gonçalves Gomes Lopes "
        "Marques Alves Almeida Ribeiro Pinto Carvalho Teixeira Moreira Correia Mendes Nunes Soares Vieira Monteiro "
        "Cardoso Rocha Neves Coelho Cruz Cunha Pires Ramos Reis Simões Antunes Matos Fonseca Machado Araújo Barbosa "
        "Tavares Lourenço Henriques Figueiredo D'Almeida Peixoto Peres Falcão Guimarães Sequeira",
    ),
    "es": (
        "María Antonio Carmen José Ana Manuel Laura Francisco Lucía David Isabel Juan Elena Javier Marta Daniel "
        "Pilar "
        "Carlos Cristina Jesús Rosa Alejandro Dolores Miguel Sofía Rafael Paula Pablo Teresa Ángel Begoña Íñigo "
        "Nuria",
        "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz "
        "Moreno Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano "
        "Blanco "
        "Molina Morales Suárez Ortega Delgado Castro Ortiz Rubio Marín Sanz Núñez Iglesias Zamora Zamorano Ibáñez "
        "Peña",
    ),
    "en": (
        "Mary James Patricia Robert Jennifer John Linda Michael Elizabeth David Barbara William Susan Richard "
        "Jessica "
        "Joseph Sarah Thomas Karen Christopher Lisa Charles Nancy Daniel Betty Matthew Sandra Anthony Ashley Mark "
        "Emily "
        "Paul Donna Steven Michelle Andrew Carol Kenneth Amanda Joshua Siobhán Aoife Niamh Seán",
        "Smith Jones Williams Taylor Brown Davies Evans Wilson Thomas Johnson Roberts Walker Wright Robinson "
        "Thompson "
        "White Hughes Edwards Green Hall Wood Harris Lewis Martin Jackson Clarke Clark Turner Hill Cooper Ward Moore "
        "King Watson Baker Harrison Patel Khan O’Brien O’Connor Murphy Kelly McDonald MacLeod Fitzgerald Whitaker "
        "Hale",
    ),
    "de": (
        "Ursula Peter Monika Michael Petra Thomas Elisabeth Andreas Sabine Wolfgang Renate Klaus Helga Jürgen Karin "
        "Günther Brigitte Stefan Ingrid Christian Erika Uwe Andrea Werner Gisela Horst Claudia Frank Susanne Dieter "
        "Jörg Käthe Anneliese Heinz Jutta Björn",
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein "
        "Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier "
        "Lehmann Schmid Schulze Maier Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz "
        "Möller "
        "Weiß Jung Hahn Schubert Vogel Strauß Weiss Mueller Böhm Groß",
    ),
    "fr": (
        "Marie Jean Nathalie Philippe Isabelle Michel Sylvie Alain Catherine Patrick Françoise Nicolas Anne "
        "Christophe "
        "Chantal Pierre Valérie Éric Céline Frédéric Aurélie Laurent Émilie Stéphane Hélène Thierry Élodie Zoé Loïc",
        "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux "
        "David "
        "Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefèvre Faure André "
        "Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Perrin Noël D’Arcy",
    ),
    "sv": (
        "Anna Lars Eva Mikael Maria Anders Karin Johan Kristina Erik Lena Per Sara Karl Åsa Olof Ingrid Nils Åse "
        "Jens "
        "Bjørn Søren Kjell Märta Håkan Göran Sölvi Øyvind Aase",
        "Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson Jonsson "
        "Jansson Hansson Bengtsson Jönsson Lindberg Jakobsson Magnusson Lindström Hansen Johansen Olsen Larsen "
        "Sørensen "
        "Kjær Nygård Åkesson Ångström Møller Rasmussen Jørgensen Sæther Bergström Öberg",
    ),
    "pl": (
        "Anna Piotr Maria Krzysztof Katarzyna Andrzej Małgorzata Tomasz Agnieszka Jan Barbara Paweł Ewa Michał "
        "Krystyna "
        "Marcin Elżbieta Stanisław Zofia Łukasz Joanna Grzegorz Żaneta Jędrzej",
        "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski "
        "Kozłowski Jankowski Mazur Wojciechowski Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Wałęsa Źdźbło "
        "Pawłowski Michalski Nowicki Adamczyk Dudek Zając",
    ),
    "vi": (
        "Hương Minh Lan Hùng Thảo Dũng Linh Tuấn Hà Anh Trang Đức Mai Long Ngọc Hải Hồng Sơn Thúy Nam Thị Văn",
        "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý",
    ),
    "ru": (
        "Елена Александр Ольга Сергей Наталья Дмитрий Ирина Андрей Татьяна Алексей Дарья Владимир Юлия Евгений Алёна "
        "Михаил Екатерина Николай Анастасия Игорь",
        "Иванова Смирнова Кузнецова Попова Васильева Петрова Соколова Михайлова Новикова Фёдорова Морозова Волкова "
        "Алексеева Лебедева Семёнова Егорова Павлова Козлова Степанова Щербакова Хрущёва Жукова",
    ),
    "el": (
        "Μαρία Γεώργιος Ελένη Δημήτριος Κατερίνα Ιωάννης Βασιλική Κωνσταντίνος Σοφία Νικόλαος Ευαγγελία Χρήστος",
        "Παπαδόπουλος Παππάς Καραγιάννης Βλάχος Ιωαννίδης Οικονόμου Παπαγεωργίου Μακρής Κωνσταντινίδης Δημόπουλος "
        "Γεωργίου Αντωνίου Ψαρράς Ξενάκης",
    ),
    "hi": (
        "सीता राम सुनीता राजेश अनीता सुरेश गीता महेश प्रिया अमित पूजा विजय",
        "शर्मा कुमार सिंह गुप्ता वर्मा यादव पटेल मिश्रा देवी कुमारी जोशी चौहान",
    ),
    "zh": (
        "伟 芳 娜 敏 静 秀英 丽 强 磊 洋 艳 勇 军 杰 娟 涛",
        "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭",
    ),
    "la-zh": (
        "Wei Fang Na Min Jing Xiuying Li Qiang Lei Yang Yan Yong Jun Jie Juan Tao",
        "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo",
    ),
    "ar": (
        "Fatima Mohammed Aisha Ahmed Khadija Ali Maryam Omar Zainab Yusuf ʿAlī Nūr Layla Hassan Samir Amina",
        "Haddad Khalil Nasser Al-Rashid El-Amrani Benali Ibrahim Mansour Saleh Haidar Bennani Al-Masri Abdullah Aziz",
    ),
}

SYLLABLES = (
    "ba be bi bo da de di do fa fe fi ga ge go ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe pi po ra re ri "
    "ro "
    "sa se si so ta te ti to va ve vi vo za ze zi zo"
)
"""Of which rare family names are made, so that a million patients have as many different names as real ones."""
